#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// pool1 (global avg pool): 12x5x5 -> 12x1x1.
void layer_010(Run& run) {
    global_average_pool(run.value(17), run.value(20), run.share());
}

}  // namespace npas_net
