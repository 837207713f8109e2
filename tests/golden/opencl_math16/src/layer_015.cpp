#include "npas/run.h"

namespace npas_net {

// row (linear): 21x1x1 -> 5x1x1.
// 35 of 105 weights, stored as csr, 242 bytes: unstructured 3x.
void layer_015(Run& run) {
    run.launch("linear_indexed_opencl8_math16_r1", {run.groups(6)}, 8)
        .indexed(6).value(13).value(14).number(run.groups(6));
}

}  // namespace npas_net
