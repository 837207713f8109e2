#include "npas/run.h"

namespace npas_net {

// rows (linear): 272x1x1 -> 21x1x1.
// 1903 of 5712 weights, stored as bcs, 9442 bytes: block 3x.
void layer_014(Run& run) {
    run.launch("linear_indexed_opencl8_math16_r8", {run.groups(5)}, 8)
        .indexed(5).value(12).value(13).number(run.groups(5));
}

}  // namespace npas_net
