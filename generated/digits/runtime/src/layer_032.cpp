// stage4_block1_shortcut (split): 64x4x4 -> 64x2x2.
#include "layers.h"

namespace npas_digits {

namespace {

constexpr Phase kPhases[] = {{0, 0}};
constexpr Split kSplit = {kPhases, 1, 2, 2, 0, 0};

}  // namespace

void layer_032(Run& run) {
    split_phases(kSplit, run.value(26), run.value(32), run.share());
}

}  // namespace npas_digits
