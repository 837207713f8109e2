// stage1_block1_conv1 (split): 16x16x16 -> 16x18x18.
#include "layers.h"

namespace npas_digits {

namespace {

constexpr Phase kPhases[] = {{0, 0}};
constexpr Split kSplit = {kPhases, 1, 1, 1, 1, 1};

}  // namespace

void layer_002(Run& run) {
    split_phases(kSplit, run.value(1), run.value(2), run.share());
}

}  // namespace npas_digits
