// stage2_block1_conv2 + stage2_block1_add + stage2_block1_act2 (3x3): 32x8x8 -> 32x8x8.
// 4608 of 9216 weights, stored as bcs, 19802 bytes: block_punched 2x.
#include "layers.h"

namespace npas_digits {

void layer_010(Run& run) {
    conv_indexed_avx2_r4p3_add_hard_swish(run.indexed(7), run.value(7), run.value(10), run.value(9), run.share());
}

}  // namespace npas_digits
