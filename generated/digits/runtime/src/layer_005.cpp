// stage1_block2_conv2 + stage1_block2_add + stage1_block2_act2 (3x3): 16x16x16 -> 16x16x16.
// 1152 of 2304 weights, stored as bcs, 5006 bytes: block_punched 2x.
#include "layers.h"

namespace npas_digits {

void layer_005(Run& run) {
    conv_indexed_avx2_r4p3_add_hard_swish(run.indexed(4), run.value(4), run.value(5), run.value(3), run.share());
}

}  // namespace npas_digits
