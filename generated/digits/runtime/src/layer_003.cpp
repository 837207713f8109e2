// stage1_block1_conv2 + stage1_block1_add + stage1_block1_act2 (3x3): 16x16x16 -> 16x16x16.
// 1152 of 2304 weights, stored as bcs, 5006 bytes: block_punched 2x.
#include "layers.h"

namespace npas_digits {

void layer_003(Run& run) {
    conv_indexed_avx2_r4p3_add_hard_swish(run.indexed(2), run.value(2), run.value(3), run.value(1), run.share());
}

}  // namespace npas_digits
