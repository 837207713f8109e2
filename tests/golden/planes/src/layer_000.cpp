#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// input (input): 3x18x18 -> 3x18x18.
void layer_000(Run& run) {
    copy(run.input(0), run.value(0), run.share());
}

}  // namespace npas_net
