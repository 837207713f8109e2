#include "conv_lanes_avx2_v2p4s2.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage3_block1_shortcut (1x1, stride 2): 6x8x8 -> 32x4x4.
// 192 of 192 weights, stored as dense, 896 bytes: filter 2x.
void layer_016(Run& run) {
    conv_lanes_avx2_v2p4s2(run.indexed(11), run.value(14), run.value(16), part_of(run.indexed(11), run.share()));
}

}  // namespace npas_digits
