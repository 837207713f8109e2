#include "conv_packed_avx2_h2x2_runs_blocks.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// last (1x1): 24x5x5 -> 12x5x5.
// 96 of 288 weights, stored as csr, 650 bytes: unstructured 3x.
void layer_009(Run& run) {
    conv_packed_avx2_h2x2_runs_blocks(run.indexed(5), run.value(16), run.value(17), run.value(18), run.value(19), run);
}

}  // namespace npas_net
