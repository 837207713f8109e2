// stage3_block1_conv1 (split): 32x8x8 -> 128x5x5.
#include "layers.h"

namespace npas_digits {

namespace {

constexpr Phase kPhases[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
constexpr Split kSplit = {kPhases, 4, 2, 2, 1, 1};

}  // namespace

void layer_016(Run& run) {
    split_phases(kSplit, run.value(15), run.value(16), run.share());
}

}  // namespace npas_digits
