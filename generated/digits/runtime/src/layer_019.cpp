#include "conv_lanes_avx2_v2p4s8_add_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage3_block2_conv2 + stage3_block2_add + stage3_block2_act2 (3x3): 9x4x4 -> 32x4x4.
// 1053 of 2592 weights, stored as dense, 10496 bytes: filter 5x.
void layer_019(Run& run) {
    conv_lanes_avx2_v2p4s8_add_hard_swish(run.indexed(14), run.value(18), run.value(19), run.value(17),
                                          part_of(run.indexed(14), run.share()));
}

}  // namespace npas_digits
