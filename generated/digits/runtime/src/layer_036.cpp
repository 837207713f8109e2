// stage4_block2_conv2_dw (3x3, 121 groups): 121x2x2 -> 121x2x2.
// 1089 of 1089 weights, stored as dense, 4840 bytes.
#include "layers.h"

namespace npas_digits {

void layer_036(Run& run) {
    conv_indexed_avx2_r1p1(run.indexed(29), run.value(35), run.value(36), run.share());
}

}  // namespace npas_digits
