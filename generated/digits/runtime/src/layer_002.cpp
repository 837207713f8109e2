// stage1_block1_conv1 + stage1_block1_act1 (3x3): 16x16x16 -> 16x16x16.
// 1152 of 2304 weights, stored as bcs, 5006 bytes: block_punched 2x.
#include "layers.h"

namespace npas_digits {

void layer_002(Run& run) {
    conv_indexed_avx2_r4p3_hard_swish(run.indexed(1), run.value(1), run.value(2), run.share());
}

}  // namespace npas_digits
