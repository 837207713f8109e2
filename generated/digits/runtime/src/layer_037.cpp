// stage4_block2_conv2 + stage4_block2_add + stage4_block2_act2 (1x1): 121x2x2 -> 115x2x2.
// 2980 of 13915 weights, stored as bcs, 18614 bytes: block 5x.
#include "layers.h"

namespace npas_digits {

void layer_037(Run& run) {
    conv_indexed_avx2_r8p1_add_hard_swish(run.indexed(30), run.value(36), run.value(37), run.value(34), run.share());
}

}  // namespace npas_digits
