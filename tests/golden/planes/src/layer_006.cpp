#include "conv_packed_avx2_h4n3x2_runs_blocks_add.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// project_again + add1 (1x1): 24x9x9 -> 8x9x9.
// 64 of 192 weights, stored as csr, 434 bytes: unstructured 3x.
void layer_006(Run& run) {
    conv_packed_avx2_h4n3x2_runs_blocks_add(run.indexed(3), run.value(9), run.value(10), run.value(3), run.value(11),
                                            run.value(12), run);
}

}  // namespace npas_net
