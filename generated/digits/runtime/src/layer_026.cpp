#include "linear_indexed_avx2_r8.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// classifier (linear): 128x1x1 -> 10x1x1.
// 256 of 1280 weights, stored as bcs, 1916 bytes: block 5x.
void layer_026(Run& run) {
    linear_indexed_avx2_r8(run.indexed(20), run.value(25), run.value(26), run.share());
}

}  // namespace npas_digits
