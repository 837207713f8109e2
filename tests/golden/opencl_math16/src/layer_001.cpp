#include "npas/run.h"

namespace npas_net {

// dense + act1 (3x3): 3x9x7 -> 10x10x7.
// 270 of 270 weights, stored as dense, 1336 bytes.
void layer_001(Run& run) {
    run.launch("conv_indexed_opencl8_math16_r4p3_relu", {4, run.groups(0)}, 32)
        .indexed(0).value(0).value(1).number(4);
}

}  // namespace npas_net
