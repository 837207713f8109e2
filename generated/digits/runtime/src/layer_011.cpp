#include "conv_indexed_avx2_r4p3.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage2_block1_shortcut (1x1, stride 2): 16x8x8 -> 6x8x8.
// 96 of 96 weights, stored as dense, 536 bytes: filter 5x.
void layer_011(Run& run) {
    conv_indexed_avx2_r4p3(run.indexed(6), run.value(10), run.value(11), run.share());
}

}  // namespace npas_digits
