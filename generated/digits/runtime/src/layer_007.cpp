#include "conv_lanes_avx2_v2p6s1_ahead_add_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage1_block2_conv2 + stage1_block2_add + stage1_block2_act2 (3x3): 3x16x16 -> 16x16x16.
// 81 of 432 weights, stored as dense, 1792 bytes: filter 5x.
void layer_007(Run& run) {
    conv_lanes_avx2_v2p6s1_ahead_add_hard_swish(run.indexed(4), run.value(6), run.value(7), run.value(4),
                                                part_of(run.indexed(4), run.share()));
}

}  // namespace npas_digits
