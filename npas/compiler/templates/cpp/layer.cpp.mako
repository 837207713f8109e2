<%page args="view"/>\
% for note in view.notes:
// ${note}
% endfor
#include "layers.h"

namespace ${view.namespace} {

% if view.constants:
namespace {

% for line in view.constants:
${line}
% endfor

}  // namespace

% endif
void ${view.function}(Run& run) {
${view.body}
}

}  // namespace ${view.namespace}
