// stage2_block1_shortcut (split): 16x16x16 -> 16x8x8.
#include "layers.h"

namespace npas_digits {

namespace {

constexpr Phase kPhases[] = {{0, 0}};
constexpr Split kSplit = {kPhases, 1, 2, 2, 0, 0};

}  // namespace

void layer_010(Run& run) {
    split_phases(kSplit, run.value(7), run.value(10), run.share());
}

}  // namespace npas_digits
