// bcs (split): 9x10x7 -> 54x6x3.
#include "layers.h"

namespace npas_net {

namespace {

constexpr Phase kPhases[] = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}};
constexpr Split kSplit = {kPhases, 6, 2, 3, 1, 1};

}  // namespace

void layer_004(Run& run) {
    split_phases(kSplit, run.value(3), run.value(4), run.share());
}

}  // namespace npas_net
