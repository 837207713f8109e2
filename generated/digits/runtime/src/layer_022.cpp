#include "conv_lanes_avx2_v2p2s8_ahead_add_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage4_block1_conv2 + stage4_block1_add + stage4_block1_act2 (3x3): 26x2x2 -> 26x2x2.
// 6084 of 6084 weights, stored as dense, 30056 bytes: filter 5x.
void layer_022(Run& run) {
    conv_lanes_avx2_v2p2s8_ahead_add_hard_swish(run.indexed(17), run.value(20), run.value(22), run.value(21),
                                                part_of(run.indexed(17), run.share()));
}

}  // namespace npas_digits
