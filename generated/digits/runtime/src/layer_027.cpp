// stage4_block1_conv1_dw (split): 64x4x4 -> 256x3x3.
#include "layers.h"

namespace npas_digits {

namespace {

constexpr Phase kPhases[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
constexpr Split kSplit = {kPhases, 4, 2, 2, 1, 1};

}  // namespace

void layer_027(Run& run) {
    split_phases(kSplit, run.value(26), run.value(27), run.share());
}

}  // namespace npas_digits
