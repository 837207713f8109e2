// stage2_block1_shortcut (1x1, stride 2): 16x8x8 -> 32x8x8.
// 80 of 512 weights, stored as dense, 2176 bytes: filter 7x.
#include "layers.h"

namespace npas_digits {

void layer_009(Run& run) {
    conv_indexed_avx2_r4p3(run.indexed(6), run.value(8), run.value(9), run.share());
}

}  // namespace npas_digits
