<%page args="view"/>\
// The layers of ${view.name}, each in a file of its own.
#pragma once

#include "npas/run.h"

namespace ${view.namespace} {

% for layer in view.layers:
void ${layer.function}(Run& run);
% endfor

}  // namespace ${view.namespace}
