<%page args="view"/>\
// One inference of ${view.name}, as every thread of the team runs it.
#include "layers.h"

namespace ${view.namespace} {

void forward(Run& run) {
% for layer in view.layers:
    ${layer.step}
% endfor
}

}  // namespace ${view.namespace}
