// depthwise (3x3, 17 groups): 17x5x3 -> 17x5x3.
// 68 of 153 weights, stored as fkw, 814 bytes: pattern 2.25x.
#include "layers.h"

namespace npas_net {

void layer_006(Run& run) {
    conv_indexed_avx2_r1p3(run.indexed(4), run.value(5), run.value(6), run.share());
}

}  // namespace npas_net
