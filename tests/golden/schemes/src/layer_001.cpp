// dense + act1 (3x3): 3x9x7 -> 10x10x7.
// 270 of 270 weights, stored as dense, 1336 bytes.
#include "layers.h"

namespace npas_net {

void layer_001(Run& run) {
    conv_indexed_avx2_r4p3_relu(run.indexed(0), run.value(0), run.value(1), run.share());
}

}  // namespace npas_net
