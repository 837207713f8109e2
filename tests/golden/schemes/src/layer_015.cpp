#include "linear_indexed_avx2_r1.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// row (linear): 21x1x1 -> 5x1x1.
// 35 of 105 weights, stored as csr, 242 bytes: unstructured 3x.
void layer_015(Run& run) {
    linear_indexed_avx2_r1(run.indexed(6), run.value(15), run.value(16), run.share());
}

}  // namespace npas_net
