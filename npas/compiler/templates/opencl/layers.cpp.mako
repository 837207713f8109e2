<%page args="view"/>\
<%namespace name="layers" file="layer.mako"/>\
// All layers of ${view.name}.
#include "npas/run.h"

namespace ${view.namespace} {

% for layer in view.layers:
${layers.function(layer)}
% endfor
}  // namespace ${view.namespace}
