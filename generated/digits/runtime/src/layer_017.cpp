#include "conv_lanes_avx2_v1p4s8_ahead_add_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage3_block1_conv2 + stage3_block1_add + stage3_block1_act2 (3x3): 13x4x4 -> 13x4x4.
// 1521 of 1521 weights, stored as dense, 7540 bytes: filter 5x.
void layer_017(Run& run) {
    conv_lanes_avx2_v1p4s8_ahead_add_hard_swish(run.indexed(12), run.value(15), run.value(17), run.value(16),
                                                part_of(run.indexed(12), run.share()));
}

}  // namespace npas_digits
