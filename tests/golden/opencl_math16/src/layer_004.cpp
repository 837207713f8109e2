#include "npas/run.h"

namespace npas_net {

// bcs (3x3, stride (2, 3)): 9x10x7 -> 17x5x3.
// 455 of 1377 weights, stored as bcs, 2558 bytes: block_punched 3x.
void layer_004(Run& run) {
    run.launch("conv_lanes_opencl8_math16_v1p3s3", {5, run.groups(3), 1}, 5)
        .indexed(3).value(3).value(4).record({5, 1, 1, 18, 1});
}

}  // namespace npas_net
