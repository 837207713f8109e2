// stage2_block1_conv1 + stage2_block1_act1 (3x3, stride 2): 64x9x9 -> 32x8x8.
// 2304 of 4608 weights, stored as bcs, 10010 bytes: block_punched 2x.
#include "layers.h"

namespace npas_digits {

void layer_007(Run& run) {
    conv_indexed_avx2_r4p3_hard_swish(run.indexed(5), run.value(6), run.value(7), run.share());
}

}  // namespace npas_digits
