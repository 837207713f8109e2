#include "conv_lanes_avx2_v1p4s2_ahead_hard_swish.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage3_block1_conv1 + stage3_block1_act1 (3x3, stride 2): 6x8x8 -> 13x4x4.
// 702 of 702 weights, stored as dense, 3508 bytes: filter 5x.
void layer_015(Run& run) {
    conv_lanes_avx2_v1p4s2_ahead_hard_swish(run.indexed(10), run.value(14), run.value(15),
                                            part_of(run.indexed(10), run.share()));
}

}  // namespace npas_digits
