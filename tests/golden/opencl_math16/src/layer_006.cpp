#include "npas/run.h"

namespace npas_net {

// max_pool1 (max_pool 2x2): 17x5x3 -> 17x4x2.
void layer_006(Run& run) {
    run.launch("max_pool", {2, 4, 3}, 32)
        .value(5).value(6).record({2, 2, 1, 1, 0, 0, 1, 1});
}

}  // namespace npas_net
