#include "conv_lanes_avx2_v2p6s2_ahead_ragged_gapped_clip_0p0_6p0.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// conv1 + act1 (3x3, stride 2): 3x18x18 -> 16x9x9.
// 432 of 432 weights, stored as dense, 1792 bytes.
void layer_001(Run& run) {
    conv_lanes_avx2_v2p6s2_ahead_ragged_gapped_clip_0p0_6p0(run.indexed(0), run.value(0), run.value(1),
                                                            part_of(run.indexed(0), run.share()));
}

}  // namespace npas_net
