#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// input (input): 1x16x16 -> 1x16x16.
void layer_000(Run& run) {
    copy(run.input(0), run.value(0), run.share());
}

}  // namespace npas_digits
