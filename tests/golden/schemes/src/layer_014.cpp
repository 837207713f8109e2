#include "linear_indexed_avx2_r8.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// rows (linear): 272x1x1 -> 21x1x1.
// 1903 of 5712 weights, stored as bcs, 9442 bytes: block 3x.
void layer_014(Run& run) {
    linear_indexed_avx2_r8(run.indexed(5), run.value(14), run.value(15), run.share());
}

}  // namespace npas_net
