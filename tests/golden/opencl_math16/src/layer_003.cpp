#include "npas/run.h"

namespace npas_net {

// fkw (3x3, dilation (2, 1)): 10x10x7 -> 9x10x7.
// 272 of 810 weights, stored as fkw, 1524 bytes: pattern 3x.
void layer_003(Run& run) {
    run.launch("conv_indexed_opencl8_math16_r1p2", {6, run.groups(2)}, 4)
        .indexed(2).value(2).value(3).number(6);
}

}  // namespace npas_net
