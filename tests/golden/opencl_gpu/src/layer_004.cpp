#include "npas/run.h"

namespace npas_net {

// conv3 (3x3, stride 2): 8x8x8 -> 12x4x4.
// 864 of 864 weights, stored as bcs, 3574 bytes.
void layer_004(Run& run) {
    run.launch("conv_lanes_opencl_gpu_v4d4p1s8_x4t32", {128, run.groups(1)}, 128)
        .indexed(1).value(4).value(5).number(72);
}

}  // namespace npas_net
