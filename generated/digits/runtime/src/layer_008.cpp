#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage2_block1_conv1 + stage2_block1_act1 (split): 16x16x16 -> 64x9x9.
void layer_008(Run& run) {
    static constexpr Phase kPhases[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
    static constexpr Split kSplit = {kPhases, 4, 2, 2, 1, 1};
    split_phases(kSplit, run.value(7), run.value(8), run.share());
}

}  // namespace npas_digits
