#include "npas/run.h"

namespace npas_net {

// linear1 (linear): 12x1x1 -> 5x1x1.
// 60 of 60 weights, stored as dense, 404 bytes.
void layer_006(Run& run) {
    run.launch("linear_indexed_opencl8_r8", {run.groups(2)}, 8)
        .indexed(2).value(6).value(7).number(run.groups(2));
}

}  // namespace npas_net
