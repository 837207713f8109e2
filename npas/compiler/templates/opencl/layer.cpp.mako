<%page args="view"/>\
<%namespace name="layers" file="layer.mako"/>\
#include "npas/run.h"

namespace ${view.namespace} {

${layers.function(view)}
}  // namespace ${view.namespace}
