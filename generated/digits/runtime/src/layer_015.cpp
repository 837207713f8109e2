// stage2_block2_conv2 + stage2_block2_add + stage2_block2_act2 (1x1): 16x8x8 -> 32x8x8.
// 160 of 512 weights, stored as bcs, 898 bytes: block_punched 7x.
#include "layers.h"

namespace npas_digits {

void layer_015(Run& run) {
    conv_indexed_avx2_r4p3_add_hard_swish(run.indexed(12), run.value(14), run.value(15), run.value(10), run.share());
}

}  // namespace npas_digits
