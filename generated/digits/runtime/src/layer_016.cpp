#include "conv_lanes_avx2_v1p4s2_ahead.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage3_block1_shortcut (1x1, stride 2): 6x8x8 -> 13x4x4.
// 78 of 78 weights, stored as dense, 436 bytes: filter 5x.
void layer_016(Run& run) {
    conv_lanes_avx2_v1p4s2_ahead(run.indexed(11), run.value(14), run.value(16), part_of(run.indexed(11), run.share()));
}

}  // namespace npas_digits
