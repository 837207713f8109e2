#include "conv_lanes_avx2_v1p2s16.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage4_block1_shortcut (1x1, stride 2): 32x4x4 -> 128x2x2.
// 1560 of 4096 weights, stored as bcs, 7464 bytes: block 2.5x.
void layer_021(Run& run) {
    conv_lanes_avx2_v1p2s16(run.indexed(16), run.value(19), run.value(21), part_of(run.indexed(16), run.share()));
}

}  // namespace npas_digits
