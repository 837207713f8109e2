#include "conv_packed_avx2_h3n2x2_runs_clip_0p0_6p0.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// expand_again + act5 (1x1): 8x9x9 -> 24x9x9.
// 64 of 192 weights, stored as csr, 530 bytes: unstructured 3x.
void layer_007(Run& run) {
    conv_packed_avx2_h3n2x2_runs_clip_0p0_6p0(run.indexed(4), run.value(10), run.value(13), run.value(14),
                                              run.value(15), run);
}

}  // namespace npas_net
