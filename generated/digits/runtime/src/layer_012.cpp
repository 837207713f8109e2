// stage2_block2_conv1 + stage2_block2_act1 (1x1): 32x8x8 -> 4x8x8.
// 23 of 128 weights, stored as csr, 164 bytes: unstructured 7x.
#include "layers.h"

namespace npas_digits {

void layer_012(Run& run) {
    conv_indexed_avx2_r1p9_hard_swish(run.indexed(9), run.value(11), run.value(12), run.share());
}

}  // namespace npas_digits
