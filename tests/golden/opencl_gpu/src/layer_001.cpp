#include "npas/run.h"

namespace npas_net {

// conv1 + act1 (3x3): 3x8x8 -> 8x8x8.
// 216 of 216 weights, stored as dense, 896 bytes.
void layer_001(Run& run) {
    run.launch("conv_lanes_opencl_gpu_v1p1s1_x4t32_relu", {256, run.groups(0)}, 128)
        .indexed(0).value(0).value(1).number(9);
}

}  // namespace npas_net
