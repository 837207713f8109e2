// stage3_block1_conv1 + stage3_block1_act1 (3x3, stride 2): 128x5x5 -> 40x4x4.
// 3904 of 11520 weights, stored as bcs, 17430 bytes: block_punched 3x.
#include "layers.h"

namespace npas_digits {

void layer_017(Run& run) {
    conv_indexed_avx2_r4p3_hard_swish(run.indexed(13), run.value(16), run.value(17), run.share());
}

}  // namespace npas_digits
