// stage4_block1_conv2_dw (3x3, 51 groups): 51x2x2 -> 51x2x2.
// 459 of 459 weights, stored as dense, 2040 bytes.
#include "layers.h"

namespace npas_digits {

void layer_031(Run& run) {
    conv_indexed_avx2_r1p1(run.indexed(25), run.value(30), run.value(31), run.share());
}

}  // namespace npas_digits
