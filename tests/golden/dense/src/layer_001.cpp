#include "conv_lanes_avx2_v1p8s1_ahead_relu.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// conv1 + act1 (3x3): 3x8x8 -> 8x8x8.
// 216 of 216 weights, stored as dense, 896 bytes.
void layer_001(Run& run) {
    conv_lanes_avx2_v1p8s1_ahead_relu(run.indexed(0), run.value(0), run.value(1), part_of(run.indexed(0), run.share()));
}

}  // namespace npas_net
