// stage3_block2_conv2 + stage3_block2_add + stage3_block2_act2 (1x1): 64x4x4 -> 64x4x4.
// 2048 of 4096 weights, stored as bcs, 9138 bytes: block_punched 2x.
#include "layers.h"

namespace npas_digits {

void layer_026(Run& run) {
    conv_indexed_avx2_r4p3_add_hard_swish(run.indexed(21), run.value(25), run.value(26), run.value(21), run.share());
}

}  // namespace npas_digits
