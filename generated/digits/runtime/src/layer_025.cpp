// stage3_block2_conv2_dw (3x3, 64 groups): 64x4x4 -> 64x4x4.
// 576 of 576 weights, stored as dense, 2560 bytes.
#include "layers.h"

namespace npas_digits {

void layer_025(Run& run) {
    conv_indexed_avx2_r1p3(run.indexed(20), run.value(24), run.value(25), run.share());
}

}  // namespace npas_digits
