// stage4_block2_conv1 + stage4_block2_act1 (1x1): 115x2x2 -> 121x2x2.
// 7057 of 13915 weights, stored as bcs, 35912 bytes: block 2x.
#include "layers.h"

namespace npas_digits {

void layer_035(Run& run) {
    conv_indexed_avx2_r8p1_hard_swish(run.indexed(28), run.value(34), run.value(35), run.share());
}

}  // namespace npas_digits
