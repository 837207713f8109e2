#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// max_pool1 (max_pool 2x2): 17x5x3 -> 17x4x2.
void layer_006(Run& run) {
    static constexpr Window kWindow = {2, 2, 1, 1, 0, 0, 1, 1, 5};
    max_pool(kWindow, run.value(7), run.value(8), run.share());
}

}  // namespace npas_net
