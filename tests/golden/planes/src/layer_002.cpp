#include "depthwise_lanes_avx2_k3x3_s1x1_p5_e1x1_turned_clip_0p0_6p0.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// turn + act2 (3x3, 16 groups): 16x9x9 -> 16x9x9.
// 144 of 144 weights, stored as dense, 640 bytes.
void layer_002(Run& run) {
    depthwise_lanes_avx2_k3x3_s1x1_p5_e1x1_turned_clip_0p0_6p0(
        run.depthwise(0), run.value(1), run.value(2),
        strip_of(run.value(1).layout->planes(), run.value(2).layout->height, run.share()));
}

}  // namespace npas_net
