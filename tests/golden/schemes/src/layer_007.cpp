// avg_pool1 (average_pool 2x2): 17x5x3 -> 17x4x2.
#include "layers.h"

namespace npas_net {

namespace {

constexpr Window kWindow = {2, 2, 1, 1, 0, 0};

}  // namespace

void layer_007(Run& run) {
    average_pool(kWindow, false, run.value(5), run.value(7), run.share());
}

}  // namespace npas_net
