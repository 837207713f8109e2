// stage3_block2_conv2_pw (1x1): 60x4x4 -> 64x4x4.
// 2048 of 3840 weights, stored as bcs, 9138 bytes: block_punched 2x.
#include "layers.h"

namespace npas_digits {

void layer_024(Run& run) {
    conv_indexed_avx2_r4p3(run.indexed(19), run.value(23), run.value(24), run.share());
}

}  // namespace npas_digits
