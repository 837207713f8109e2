<%page args="view"/>\
// One inference of ${view.name}, as every thread of the team runs it.
#include "layers.h"

namespace ${view.namespace} {

void forward(Run& run) {
% for layer in view.layers:
    run(${layer.function});  // ${layer.title}
% endfor
}

}  // namespace ${view.namespace}
