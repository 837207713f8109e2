#include "conv_lanes_avx2_v2p2s16_ahead_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage4_block1_conv1 + stage4_block1_act1 (3x3, stride 2): 13x4x4 -> 26x2x2.
// 3042 of 3042 weights, stored as dense, 15080 bytes: filter 5x.
void layer_020(Run& run) {
    conv_lanes_avx2_v2p2s16_ahead_hard_swish(run.indexed(15), run.value(19), run.value(20),
                                             part_of(run.indexed(15), run.share()));
}

}  // namespace npas_digits
