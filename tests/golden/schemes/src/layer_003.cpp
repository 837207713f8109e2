#include "conv_indexed_avx2_r1p2.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// fkw (3x3, dilation (2, 1)): 10x10x7 -> 9x10x7.
// 272 of 810 weights, stored as fkw, 1524 bytes: pattern 3x.
void layer_003(Run& run) {
    conv_indexed_avx2_r1p2(run.indexed(2), run.value(2), run.value(5), run.share());
}

}  // namespace npas_net
