#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// input (input): 3x8x8 -> 3x8x8.
void layer_000(Run& run) {
    copy(run.input(0), run.value(0), run.share());
}

}  // namespace npas_net
