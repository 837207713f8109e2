// stage4_block1_conv2_pw (1x1): 128x2x2 -> 51x2x2.
// 6528 of 6528 weights, stored as dense, 28876 bytes: filter 2.5x.
#include "layers.h"

namespace npas_digits {

void layer_030(Run& run) {
    conv_indexed_avx2_r8p1(run.indexed(24), run.value(29), run.value(30), run.share());
}

}  // namespace npas_digits
