#include "conv_lanes_avx2_v2p6s1_ahead_add_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage1_block1_conv2 + stage1_block1_add + stage1_block1_act2 (3x3): 3x16x16 -> 16x16x16.
// 81 of 432 weights, stored as dense, 1792 bytes: filter 5x.
void layer_004(Run& run) {
    conv_lanes_avx2_v2p6s1_ahead_add_hard_swish(run.indexed(2), run.value(3), run.value(4), run.value(1),
                                                part_of(run.indexed(2), run.share()));
}

}  // namespace npas_digits
