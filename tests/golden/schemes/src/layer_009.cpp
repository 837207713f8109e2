#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// concat1 (concat): 17x4x2 -> 34x4x2.
void layer_009(Run& run) {
    copy_channels(run.value(9), run.value(10), 17, run.share());
}

}  // namespace npas_net
