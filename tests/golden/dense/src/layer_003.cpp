#include "depthwise_lanes_avx2_k3x3_s1x1_p8_e1x1_clip_0p0_6p0.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// conv2 + act3 (3x3, 8 groups): 8x8x8 -> 8x8x8.
// 72 of 72 weights, stored as dense, 320 bytes.
void layer_003(Run& run) {
    depthwise_lanes_avx2_k3x3_s1x1_p8_e1x1_clip_0p0_6p0(run.depthwise(0), run.value(2), run.value(4),
                                                        strip_of(run.value(2).layout->planes(), run.value(4).layout->height, run.share()));
}

}  // namespace npas_net
