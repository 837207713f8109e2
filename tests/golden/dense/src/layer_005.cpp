#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// pool1 (global avg pool): 12x4x4 -> 12x1x1.
void layer_005(Run& run) {
    global_average_pool(run.value(5), run.value(6), run.share());
}

}  // namespace npas_net
