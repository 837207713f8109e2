#include "npas/run.h"

namespace npas_net {

// concat1 (concat): 17x4x2 -> 34x4x2.
void layer_009(Run& run) {
    run.launch("copy_channels", {2, 4, 3}, 32)
        .value(7).value(8).number(17);
}

}  // namespace npas_net
