// stage4_block1_conv1_dw (3x3, stride 2, 64 groups): 256x3x3 -> 64x2x2.
// 576 of 576 weights, stored as dense, 2560 bytes.
#include "layers.h"

namespace npas_digits {

void layer_028(Run& run) {
    conv_indexed_avx2_r1p1(run.indexed(22), run.value(27), run.value(28), run.share());
}

}  // namespace npas_digits
