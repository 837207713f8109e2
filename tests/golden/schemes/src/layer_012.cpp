// mul1 (elementwise): 34x4x2 -> 34x4x2.
#include "layers.h"

namespace npas_net {

void layer_012(Run& run) {
    mul_channel_avx2(run.value(8), run.value(10), run.value(11), run.share());
}

}  // namespace npas_net
