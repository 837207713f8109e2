<%page args="view"/>\
// ${view.naming}
#pragma once

#include "npas/tensor.h"

namespace ${view.namespace} {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

${view.signature};

}  // namespace ${view.namespace}
