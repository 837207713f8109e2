#include "conv_lanes_avx2_v2p6s1_ahead_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stem_conv1 + stem_act1 (3x3): 1x16x16 -> 16x16x16.
// 144 of 144 weights, stored as dense, 640 bytes.
void layer_001(Run& run) {
    conv_lanes_avx2_v2p6s1_ahead_hard_swish(run.indexed(0), run.value(0), run.value(1),
                                            part_of(run.indexed(0), run.share()));
}

}  // namespace npas_digits
