<%page args="view"/>\
// The kernels of ${view.name}. <operation>_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue> has pixels in lanes;
// conv_lanes_<isa>_v<vectors of weights>[n<of the last group>][d<depth>]p<pixels>s<step>_<epilogue> has filters, and
// depthwise_lanes_<isa>_k<window>s<stride>[d<dilation>]p<pixels>_<epilogue> channels.
#pragma once

#include "npas/tensor.h"

namespace ${view.namespace} {

struct Depthwise;
struct Indexed;

% for kernel in view.kernels:
${kernel.signature};
% endfor

}  // namespace ${view.namespace}
