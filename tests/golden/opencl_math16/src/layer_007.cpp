#include "npas/run.h"

namespace npas_net {

// avg_pool1 (average_pool 2x2): 17x5x3 -> 17x4x2.
void layer_007(Run& run) {
    run.launch("average_pool", {2, 4, 3}, 32)
        .value(5).value(7).record({2, 2, 1, 1, 0, 0, 1, 1}).number(0);
}

}  // namespace npas_net
