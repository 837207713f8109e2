<%page args="view"/>\
% if view.backend == "opencl":
// The layers of ${view.name}, in the order in which every inference enqueues them.
% else:
// One inference of ${view.name}, as every thread of the team runs it.
% endif
#include "layers.h"

namespace ${view.namespace} {

void forward(Run& run) {
% for layer in view.layers:
    ${layer.step}
% endfor
}

}  // namespace ${view.namespace}
