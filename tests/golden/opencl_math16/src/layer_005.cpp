#include "npas/run.h"

namespace npas_net {

// depthwise (3x3, 17 groups): 17x5x3 -> 17x5x3.
// 68 of 153 weights, stored as dense, 960 bytes: pattern 2.25x.
// Built dense: a depthwise kernel passes over every position.
void layer_005(Run& run) {
    run.launch("depthwise_lanes_opencl8_math16_k3x3_s1x1_p3", {5, 3}, 8)
        .depthwise(0).value(4).value(5).number(1).number(1).number(1);
}

}  // namespace npas_net
