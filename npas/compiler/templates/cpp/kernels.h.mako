<%page args="view"/>\
// The kernels of ${view.name}: <operation>_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue>.
#pragma once

#include "npas/tensor.h"

namespace ${view.namespace} {

struct Indexed;

% for kernel in view.kernels:
${kernel.signature};
% endfor

}  // namespace ${view.namespace}
