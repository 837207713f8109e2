// input (input): 3x9x7 -> 3x9x7.
#include "layers.h"

namespace npas_net {

void layer_000(Run& run) {
    copy(run.input(0), run.value(0), run.share());
}

}  // namespace npas_net
