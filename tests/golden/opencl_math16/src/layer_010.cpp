#include "npas/run.h"

namespace npas_net {

// pool1 (global avg pool): 34x4x2 -> 34x1x1.
void layer_010(Run& run) {
    run.launch("global_average_pool", {5}, 1)
        .value(8).value(9);
}

}  // namespace npas_net
