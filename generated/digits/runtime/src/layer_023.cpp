// stage3_block2_conv1 + stage3_block2_act1 (1x1): 64x4x4 -> 60x4x4.
// 396 of 3840 weights, stored as bcs, 2094 bytes: block 10x.
#include "layers.h"

namespace npas_digits {

void layer_023(Run& run) {
    conv_indexed_avx2_r4p3_hard_swish(run.indexed(18), run.value(22), run.value(23), run.share());
}

}  // namespace npas_digits
