#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// avg_pool1 (average_pool 2x2): 17x5x3 -> 17x4x2.
void layer_007(Run& run) {
    static constexpr Window kWindow = {2, 2, 1, 1, 0, 0, 1, 1, 5};
    average_pool(kWindow, false, run.value(7), run.value(9), run.share());
}

}  // namespace npas_net
