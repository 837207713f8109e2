// stage2_block2_conv2_dw (3x3, 16 groups): 16x8x8 -> 16x8x8.
// 144 of 144 weights, stored as dense, 640 bytes.
#include "layers.h"

namespace npas_digits {

void layer_014(Run& run) {
    conv_indexed_avx2_r1p9(run.indexed(11), run.value(13), run.value(14), run.share());
}

}  // namespace npas_digits
