#include "conv_lanes_avx2_v1p3s3.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// bcs (3x3, stride (2, 3)): 9x10x7 -> 17x5x3.
// 455 of 1377 weights, stored as bcs, 2558 bytes: block_punched 3x.
void layer_004(Run& run) {
    conv_lanes_avx2_v1p3s3(run.indexed(3), run.value(5), run.value(6), part_of(run.indexed(3), run.share()));
}

}  // namespace npas_net
