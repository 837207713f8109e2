#include "npas/run.h"

namespace npas_net {

// conv1 + act1 (3x3): 3x8x8 -> 8x8x8.
// 216 of 216 weights, stored as dense, 896 bytes.
void layer_001(Run& run) {
    run.launch("conv_lanes_opencl8_v1p8s1_ahead_relu", {8, run.groups(0)}, 8)
        .indexed(0).value(0).value(1).record({8, 1, 1, 9, 1});
}

}  // namespace npas_net
