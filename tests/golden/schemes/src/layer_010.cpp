#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// pool1 (global avg pool): 34x4x2 -> 34x1x1.
void layer_010(Run& run) {
    global_average_pool(run.value(10), run.value(11), run.share());
}

}  // namespace npas_net
