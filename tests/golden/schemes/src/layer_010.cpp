// concat1 (concat): 17x4x2 -> 34x4x2.
#include "layers.h"

namespace npas_net {

void layer_010(Run& run) {
    copy_channels(run.value(8), run.value(9), 17, run.share());
}

}  // namespace npas_net
