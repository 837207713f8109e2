// conv2 + add1 + act2 (3x3): 8x8x8 -> 8x8x8.
// 576 of 576 weights, stored as dense, 2336 bytes.
#include "layers.h"

namespace npas_net {

void layer_002(Run& run) {
    conv_indexed_avx2_r4p3_add_relu(run.indexed(1), run.value(1), run.value(2), run.value(1), run.share());
}

}  // namespace npas_net
