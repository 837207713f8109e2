#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage2_block1_shortcut (split): 16x16x16 -> 16x8x8.
void layer_010(Run& run) {
    static constexpr Phase kPhases[] = {{0, 0}};
    static constexpr Split kSplit = {kPhases, 1, 2, 2, 0, 0};
    split_phases(kSplit, run.value(7), run.value(10), run.share());
}

}  // namespace npas_digits
