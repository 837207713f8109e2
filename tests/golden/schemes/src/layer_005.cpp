// bcs (3x3, stride (2, 3)): 54x6x3 -> 17x5x3.
// 455 of 1377 weights, stored as bcs, 2306 bytes: block_punched 3x.
#include "layers.h"

namespace npas_net {

void layer_005(Run& run) {
    conv_indexed_avx2_r4p3(run.indexed(3), run.value(4), run.value(5), run.share());
}

}  // namespace npas_net
