// pool1 (global avg pool): 34x4x2 -> 34x1x1.
#include "layers.h"

namespace npas_net {

void layer_010(Run& run) {
    global_average_pool(run.value(8), run.value(9), run.share());
}

}  // namespace npas_net
