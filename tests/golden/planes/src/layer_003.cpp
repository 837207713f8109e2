#include "conv_packed_avx2_h11_runs_blocks.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// project (1x1): 16x9x9 -> 8x9x9.
// 43 of 128 weights, stored as csr, 308 bytes: unstructured 3x.
void layer_003(Run& run) {
    conv_packed_avx2_h11_runs_blocks(run.indexed(1), run.value(2), run.value(3), run.value(4), run.value(5), run);
}

}  // namespace npas_net
