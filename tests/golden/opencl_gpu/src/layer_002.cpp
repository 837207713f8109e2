#include "npas/run.h"

namespace npas_net {

// fast + add1 + act2 (3x3, Winograd F(4x4)): 8x8x8 -> 8x8x8.
// 576 of 576 weights, stored as dense, 2336 bytes.
void layer_002(Run& run) {
    for (int first = 0; first < 4; first += 4) {
        const int count = 4 - first < 4 ? 4 - first : 4;
        run.launch("winograd_lanes_opencl_gpu_m4r3v1p3_add_relu_in", {count, 2}, 4)
            .value(1).value(3).record({1, 1, 1, 9, 9}).record({first, count, 2, 4, 48, 48});
        run.launch("winograd_lanes_opencl_gpu_m4r3v1p3_add_relu", {(count + 2) / 3, 2, 36}, 2)
            .winograd(0).value(3).number(8).number(2).record({first, count, 2, 4, 48, 48});
        run.launch("winograd_lanes_opencl_gpu_m4r3v1p3_add_relu_out", {count, 2}, 4)
            .winograd_bias(0).value(3).value(2).value(1).record({first, count, 2, 4, 48, 48});
    }
}

}  // namespace npas_net
