#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_digits {

// stage1_block1_conv1 + stage1_block1_act1 (split): 16x16x16 -> 16x18x18.
void layer_002(Run& run) {
    static constexpr Phase kPhases[] = {{0, 0}};
    static constexpr Split kSplit = {kPhases, 1, 1, 1, 1, 1};
    split_phases(kSplit, run.value(1), run.value(2), run.share());
}

}  // namespace npas_digits
