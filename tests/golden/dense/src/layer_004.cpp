#include "conv_lanes_avx2_v2p4s16_ahead.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// conv3 (3x3, stride 2): 8x8x8 -> 12x4x4.
// 864 of 864 weights, stored as dense, 4656 bytes.
void layer_004(Run& run) {
    conv_lanes_avx2_v2p4s16_ahead(run.indexed(1), run.value(4), run.value(5), part_of(run.indexed(1), run.share()));
}

}  // namespace npas_net
