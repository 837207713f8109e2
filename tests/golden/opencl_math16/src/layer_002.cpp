#include "npas/run.h"

namespace npas_net {

// csr + add1 (3x3): 10x10x7 -> 10x10x7.
// 300 of 900 weights, stored as csr, 1862 bytes: unstructured 3x.
void layer_002(Run& run) {
    run.launch("conv_indexed_opencl8_math16_r1p11_add", {1, run.groups(1)}, 32)
        .indexed(1).value(1).value(2).value(1).number(1);
}

}  // namespace npas_net
