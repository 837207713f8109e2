#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// flatten1 (copy): 34x4x2 -> 272x1x1.
void layer_013(Run& run) {
    static constexpr Layout kTo = {34, 4, 2, 2, 0, 8, 1};
    copy(run.value(13), {run.value(14).data, &kTo}, run.share());
}

}  // namespace npas_net
