// stage3_block1_shortcut (split): 32x8x8 -> 32x4x4.
#include "layers.h"

namespace npas_digits {

namespace {

constexpr Phase kPhases[] = {{0, 0}};
constexpr Split kSplit = {kPhases, 1, 2, 2, 0, 0};

}  // namespace

void layer_019(Run& run) {
    split_phases(kSplit, run.value(15), run.value(19), run.share());
}

}  // namespace npas_digits
