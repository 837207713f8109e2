// stage3_block1_conv2 + stage3_block1_add + stage3_block1_act2 (1x1): 40x4x4 -> 64x4x4.
// 416 of 2560 weights, stored as bcs, 2200 bytes: block_punched 10x.
#include "layers.h"

namespace npas_digits {

void layer_021(Run& run) {
    conv_indexed_avx2_r4p3_add_hard_swish(run.indexed(16), run.value(18), run.value(21), run.value(20), run.share());
}

}  // namespace npas_digits
