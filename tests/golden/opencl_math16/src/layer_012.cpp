#include "npas/run.h"

namespace npas_net {

// mul1 (elementwise): 34x4x2 -> 34x4x2.
void layer_012(Run& run) {
    run.launch("mul_channel_opencl8_math16", {8, 5}, 32)
        .value(8).value(10).value(11);
}

}  // namespace npas_net
