// stage3_block1_conv2_dw (3x3, 40 groups): 40x4x4 -> 40x4x4.
// 360 of 360 weights, stored as dense, 1600 bytes.
#include "layers.h"

namespace npas_digits {

void layer_018(Run& run) {
    conv_indexed_avx2_r1p3(run.indexed(14), run.value(17), run.value(18), run.share());
}

}  // namespace npas_digits
