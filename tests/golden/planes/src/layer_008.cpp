#include "depthwise_planar_avx2_k3x3_s2x2_p1x1_9x9to5x5_v1x1.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// halve (3x3, stride 2, 24 groups): 24x9x9 -> 24x5x5.
// 216 of 216 weights, stored as dense, 960 bytes.
void layer_008(Run& run) {
    depthwise_planar_avx2_k3x3_s2x2_p1x1_9x9to5x5_v1x1(run.depthwise(2), run.value(13), run.value(16), run.share());
}

}  // namespace npas_net
