// gate + act2 (linear): 34x1x1 -> 34x1x1.
// 1156 of 1156 weights, stored as dense, 6664 bytes.
#include "layers.h"

namespace npas_net {

void layer_011(Run& run) {
    linear_indexed_avx2_r16_hard_swish(run.indexed(4), run.value(9), run.value(10), run.share());
}

}  // namespace npas_net
