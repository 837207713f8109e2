#include "winograd_lanes_avx2_m4r3v1p3_add_relu.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// fast + add1 + act2 (3x3, Winograd F(4x4)): 8x8x8 -> 8x8x8.
// 576 of 576 weights, stored as dense, 2336 bytes.
void layer_002(Run& run) {
    winograd_lanes_avx2_m4r3v1p3_add_relu(run.winograd(0), run.value(1), run.value(2), run.value(1), run.value(3), run);
}

}  // namespace npas_net
