#include "linear_indexed_avx2_r8.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// linear1 (linear): 12x1x1 -> 5x1x1.
// 60 of 60 weights, stored as dense, 404 bytes.
void layer_011(Run& run) {
    linear_indexed_avx2_r8(run.indexed(6), run.value(20), run.value(21), run.share());
}

}  // namespace npas_net
