#include "conv_lanes_avx2_v2p4s8_add_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage3_block1_conv2 + stage3_block1_add + stage3_block1_act2 (3x3): 64x4x4 -> 32x4x4.
// 7488 of 18432 weights, stored as dense, 73856 bytes: filter 5x.
void layer_017(Run& run) {
    conv_lanes_avx2_v2p4s8_add_hard_swish(run.indexed(12), run.value(15), run.value(17), run.value(16),
                                          part_of(run.indexed(12), run.share()));
}

}  // namespace npas_digits
