#include "conv_lanes_avx2_v2p2s16_ahead.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage4_block1_shortcut (1x1, stride 2): 13x4x4 -> 26x2x2.
// 338 of 338 weights, stored as dense, 1768 bytes: filter 5x.
void layer_021(Run& run) {
    conv_lanes_avx2_v2p2s16_ahead(run.indexed(16), run.value(19), run.value(21), part_of(run.indexed(16), run.share()));
}

}  // namespace npas_digits
