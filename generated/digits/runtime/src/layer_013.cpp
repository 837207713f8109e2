// stage2_block2_conv2_pw (1x1): 4x8x8 -> 16x8x8.
// 64 of 64 weights, stored as bcs, 372 bytes: block_punched 7x.
#include "layers.h"

namespace npas_digits {

void layer_013(Run& run) {
    conv_indexed_avx2_r4p3(run.indexed(10), run.value(12), run.value(13), run.share());
}

}  // namespace npas_digits
