#include "conv_packed_avx2_h10_planar_add.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// csr + add1 (3x3): 10x10x7 -> 10x10x7.
// 300 of 900 weights, stored as csr, 1862 bytes: unstructured 3x.
void layer_002(Run& run) {
    conv_packed_avx2_h10_planar_add(run.indexed(1), run.value(1), run.value(2), run.value(1), run.value(3),
                                    run.value(4), run);
}

}  // namespace npas_net
