#include "npas/run.h"

namespace npas_net {

// flatten1 (copy): 34x4x2 -> 272x1x1.
void layer_013(Run& run) {
    static constexpr Layout kTo = {34, 4, 2, 2, 0, 8, 1};
    run.launch("unpack", {2, 4, 5}, 32)
        .value(11).value(12, kTo);
}

}  // namespace npas_net
