// stage4_block1_shortcut (1x1, stride 2): 64x2x2 -> 115x2x2.
// 4096 of 7360 weights, stored as dense, 31180 bytes: filter 2x.
#include "layers.h"

namespace npas_digits {

void layer_033(Run& run) {
    conv_indexed_avx2_r8p1(run.indexed(26), run.value(32), run.value(33), run.share());
}

}  // namespace npas_digits
