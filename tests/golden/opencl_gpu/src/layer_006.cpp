#include "npas/run.h"

namespace npas_net {

// linear1 (linear): 12x1x1 -> 5x1x1.
// 60 of 60 weights, stored as dense, 404 bytes.
void layer_006(Run& run) {
    run.launch("linear_indexed_opencl_gpu_r4_x64", {64 * run.groups(2)}, 64)
        .indexed(2).value(6).value(7);
}

}  // namespace npas_net
