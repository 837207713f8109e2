#include "npas/run.h"

namespace npas_net {

// conv3 (3x3, stride 2): 8x8x8 -> 12x4x4.
// 864 of 864 weights, stored as dense, 4656 bytes.
void layer_004(Run& run) {
    run.launch("conv_lanes_opencl8_v2p4s16_ahead", {4, run.groups(1)}, 4)
        .indexed(1).value(4).value(5).record({4, 1, 1, 144, 1});
}

}  // namespace npas_net
