// head_pool (global avg pool): 115x2x2 -> 115x1x1.
#include "layers.h"

namespace npas_digits {

void layer_038(Run& run) {
    global_average_pool(run.value(37), run.value(38), run.share());
}

}  // namespace npas_digits
