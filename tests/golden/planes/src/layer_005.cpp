#include "depthwise_planar_avx2_k3x3_s1x1_p1x1_9x9_v1x1_clip_0p0_6p0.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// between + act4 (3x3, 24 groups): 24x9x9 -> 24x9x9.
// 216 of 216 weights, stored as dense, 960 bytes.
void layer_005(Run& run) {
    depthwise_planar_avx2_k3x3_s1x1_p1x1_9x9_v1x1_clip_0p0_6p0(
        run.depthwise(1), run.value(6), run.value(9), run.share());
}

}  // namespace npas_net
