#include "npas/run.h"

namespace npas_net {

// pool1 (global avg pool): 12x4x4 -> 12x1x1.
void layer_005(Run& run) {
    run.launch("global_average_pool", {192}, 64)
        .value(5).value(6);
}

}  // namespace npas_net
