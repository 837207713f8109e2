#include "npas/run.h"

namespace npas_net {

// gate + act2 (linear): 34x1x1 -> 34x1x1.
// 1156 of 1156 weights, stored as dense, 6664 bytes.
void layer_011(Run& run) {
    run.launch("linear_indexed_opencl8_math16_r16_hard_swish", {run.groups(4)}, 8)
        .indexed(4).value(9).value(10).number(run.groups(4));
}

}  // namespace npas_net
