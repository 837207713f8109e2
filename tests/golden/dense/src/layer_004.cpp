// conv3 (3x3, stride 2): 32x5x5 -> 12x4x4.
// 864 of 864 weights, stored as dense, 3504 bytes.
#include "layers.h"

namespace npas_net {

void layer_004(Run& run) {
    conv_indexed_avx2_r4p3(run.indexed(2), run.value(3), run.value(4), run.share());
}

}  // namespace npas_net
