// stage4_block1_conv2 + stage4_block1_add + stage4_block1_act2 (1x1): 51x2x2 -> 115x2x2.
// 2601 of 5865 weights, stored as dense, 24940 bytes: filter 2.5x.
#include "layers.h"

namespace npas_digits {

void layer_034(Run& run) {
    conv_indexed_avx2_r8p1_add_hard_swish(run.indexed(27), run.value(31), run.value(34), run.value(33), run.share());
}

}  // namespace npas_digits
