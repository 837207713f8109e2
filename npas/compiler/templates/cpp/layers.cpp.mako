<%page args="view"/>\
<%namespace name="layers" file="layer.mako"/>\
% for kernel in view.kernels:
#include "${kernel}.h"
% endfor
% if view.arrays:
#include "npas/arrays.h"
% endif
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace ${view.namespace} {

% for layer in view.layers:
${layers.function(layer)}
% endfor
}  // namespace ${view.namespace}
