#include "mul_channel_avx2.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// mul1 (elementwise): 34x4x2 -> 34x4x2.
void layer_012(Run& run) {
    mul_channel_avx2(run.value(10), run.value(12), run.value(13), run.share());
}

}  // namespace npas_net
