// depthwise (3x3, 17 groups): 17x5x3 -> 17x5x3.
// 68 of 153 weights, stored as dense, 960 bytes: pattern 2.25x.
// Built dense: a depthwise kernel passes over every position.
#include "layers.h"

namespace npas_net {

void layer_005(Run& run) {
    depthwise_lanes_avx2_k3x3_s1x1_p3(run.depthwise(0), run.value(4), run.value(5), run.share());
}

}  // namespace npas_net
