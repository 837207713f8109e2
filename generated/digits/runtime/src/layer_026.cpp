#include "linear_indexed_avx2_r8.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// classifier (linear): 26x1x1 -> 10x1x1.
// 162 of 260 weights, stored as dense, 1704 bytes: block 5x.
// Built dense: bcs took 0.0002 ms, dense 0.0002 ms.
void layer_026(Run& run) {
    linear_indexed_avx2_r8(run.indexed(20), run.value(25), run.value(26), run.share());
}

}  // namespace npas_digits
