// stage3_block1_shortcut (1x1, stride 2): 32x4x4 -> 64x4x4.
// 1024 of 2048 weights, stored as bcs, 4786 bytes: block 2x.
#include "layers.h"

namespace npas_digits {

void layer_020(Run& run) {
    conv_indexed_avx2_r4p3(run.indexed(15), run.value(19), run.value(20), run.share());
}

}  // namespace npas_digits
