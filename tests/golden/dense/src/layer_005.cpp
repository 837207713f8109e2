// pool1 (global avg pool): 12x4x4 -> 12x1x1.
#include "layers.h"

namespace npas_net {

void layer_005(Run& run) {
    global_average_pool(run.value(5), run.value(6), run.share());
}

}  // namespace npas_net
