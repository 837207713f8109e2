// bcs (3x3, stride (2, 3)): 9x10x7 -> 17x5x3.
// 455 of 1377 weights, stored as bcs, 2558 bytes: block_punched 3x.
#include "layers.h"

namespace npas_net {

void layer_004(Run& run) {
    conv_lanes_avx2_v1p3s3(run.indexed(3), run.value(3), run.value(4), run.share());
}

}  // namespace npas_net
