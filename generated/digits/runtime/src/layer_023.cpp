#include "conv_lanes_avx2_v2p2s8_ahead_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage4_block2_conv1 + stage4_block2_act1 (3x3): 26x2x2 -> 26x2x2.
// 6084 of 6084 weights, stored as dense, 30056 bytes: filter 5x.
void layer_023(Run& run) {
    conv_lanes_avx2_v2p2s8_ahead_hard_swish(run.indexed(18), run.value(22), run.value(23),
                                            part_of(run.indexed(18), run.share()));
}

}  // namespace npas_digits
