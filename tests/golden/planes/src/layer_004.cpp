#include "conv_packed_avx2_h4n3x2_runs_clip_0p0_6p0.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// expand + act3 (1x1): 8x9x9 -> 24x9x9.
// 64 of 192 weights, stored as csr, 530 bytes: unstructured 3x.
void layer_004(Run& run) {
    conv_packed_avx2_h4n3x2_runs_clip_0p0_6p0(run.indexed(2), run.value(3), run.value(6), run.value(7), run.value(8),
                                              run);
}

}  // namespace npas_net
