#include "depthwise_lanes_avx2_k3x3_s1x1_p3_e1x1.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// depthwise (3x3, 17 groups): 17x5x3 -> 17x5x3.
// 68 of 153 weights, stored as dense, 960 bytes: pattern 2.25x.
// Built dense: a depthwise kernel passes over every position.
void layer_005(Run& run) {
    depthwise_lanes_avx2_k3x3_s1x1_p3_e1x1(run.depthwise(0), run.value(6), run.value(7),
                                           strip_of(run.value(6).layout->planes(), run.value(7).layout->height, run.share()));
}

}  // namespace npas_net
