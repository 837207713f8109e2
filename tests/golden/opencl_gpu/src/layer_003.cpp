#include "npas/run.h"

namespace npas_net {

// conv2 + act3 (3x3, 8 groups): 8x8x8 -> 8x8x8.
// 72 of 72 weights, stored as dense, 320 bytes.
void layer_003(Run& run) {
    run.launch("depthwise_lanes_opencl_gpu_k3x3_s1x1_p1_clip_0p0_6p0", {64, 2}, 64)
        .depthwise(0).value(2).value(4).number(8).number(1).number(1);
}

}  // namespace npas_net
