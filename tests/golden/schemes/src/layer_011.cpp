#include "linear_indexed_avx2_r16_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// gate + act2 (linear): 34x1x1 -> 34x1x1.
// 1156 of 1156 weights, stored as dense, 6664 bytes.
void layer_011(Run& run) {
    linear_indexed_avx2_r16_hard_swish(run.indexed(4), run.value(11), run.value(12), run.share());
}

}  // namespace npas_net
