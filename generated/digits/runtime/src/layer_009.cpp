#include "conv_indexed_avx2_r4p3_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage2_block1_conv1 + stage2_block1_act1 (3x3, stride 2): 64x9x9 -> 6x8x8.
// 864 of 864 weights, stored as dense, 4632 bytes: filter 5x.
void layer_009(Run& run) {
    conv_indexed_avx2_r4p3_hard_swish(run.indexed(5), run.value(8), run.value(9), run.share());
}

}  // namespace npas_digits
