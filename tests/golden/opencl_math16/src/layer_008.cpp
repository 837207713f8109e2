#include "npas/run.h"

namespace npas_net {

// concat1 (concat): 17x4x2 -> 34x4x2.
void layer_008(Run& run) {
    run.launch("copy_channels", {2, 4, 3}, 32)
        .value(6).value(8).number(0);
}

}  // namespace npas_net
