// conv3 (split): 8x8x8 -> 32x5x5.
#include "layers.h"

namespace npas_net {

namespace {

constexpr Phase kPhases[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
constexpr Split kSplit = {kPhases, 4, 2, 2, 1, 1};

}  // namespace

void layer_003(Run& run) {
    split_phases(kSplit, run.value(2), run.value(3), run.share());
}

}  // namespace npas_net
