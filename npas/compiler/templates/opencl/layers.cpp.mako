<%page args="view"/>\
<%namespace name="layers" file="layer.mako"/>\
#include "npas/run.h"

namespace ${view.namespace} {

% for layer in view.layers:
${layers.function(layer)}
% endfor
}  // namespace ${view.namespace}
