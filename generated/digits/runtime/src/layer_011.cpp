// stage2_block2_conv1_dw (3x3, 32 groups): 32x8x8 -> 32x8x8.
// 288 of 288 weights, stored as dense, 1280 bytes.
#include "layers.h"

namespace npas_digits {

void layer_011(Run& run) {
    conv_indexed_avx2_r1p9(run.indexed(8), run.value(10), run.value(11), run.share());
}

}  // namespace npas_digits
