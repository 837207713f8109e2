#include "conv_indexed_avx2_r4p3_add_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage2_block2_conv2 + stage2_block2_add + stage2_block2_act2 (3x3): 6x8x8 -> 6x8x8.
// 324 of 324 weights, stored as dense, 1752 bytes: filter 5x.
void layer_014(Run& run) {
    conv_indexed_avx2_r4p3_add_hard_swish(run.indexed(9), run.value(13), run.value(14), run.value(12), run.share());
}

}  // namespace npas_digits
