#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// head_pool (global avg pool): 26x2x2 -> 26x1x1.
void layer_025(Run& run) {
    global_average_pool(run.value(24), run.value(25), run.share());
}

}  // namespace npas_digits
