// conv1 + act1 (3x3): 3x8x8 -> 8x8x8.
// 216 of 216 weights, stored as dense, 896 bytes.
#include "layers.h"

namespace npas_net {

void layer_001(Run& run) {
    conv_lanes_avx2_v1p8s1_relu(run.indexed(0), run.value(0), run.value(1), run.share());
}

}  // namespace npas_net
