#include "conv_indexed_avx2_r2p5_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage1_block2_conv1 + stage1_block2_act1 (3x3): 16x18x18 -> 3x16x16.
// 432 of 432 weights, stored as dense, 2316 bytes: filter 5x.
void layer_006(Run& run) {
    conv_indexed_avx2_r2p5_hard_swish(run.indexed(3), run.value(5), run.value(6), run.share());
}

}  // namespace npas_digits
