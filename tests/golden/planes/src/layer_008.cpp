#include "depthwise_planar_avx2_k3x3_s2x2_e1x1_v1x1_whole.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// halve (3x3, stride 2, 24 groups): 24x9x9 -> 24x5x5.
// 216 of 216 weights, stored as dense, 960 bytes.
void layer_008(Run& run) {
    depthwise_planar_avx2_k3x3_s2x2_e1x1_v1x1_whole(run.depthwise(2), run.value(13), run.value(16), run.share());
}

}  // namespace npas_net
