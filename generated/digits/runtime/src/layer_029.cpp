// stage4_block1_conv1 + stage4_block1_act1 (1x1): 64x2x2 -> 128x2x2.
// 2731 of 8192 weights, stored as dense, 33280 bytes: unstructured 3x.
// Built dense: csr took 0.0043 ms, dense 0.0040 ms.
#include "layers.h"

namespace npas_digits {

void layer_029(Run& run) {
    conv_indexed_avx2_r8p1_hard_swish(run.indexed(23), run.value(28), run.value(29), run.share());
}

}  // namespace npas_digits
