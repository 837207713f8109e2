<%page args="view"/>\
// The kernels of ${view.name}. <operation>_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue> has pixels in lanes;
// conv_lanes_<isa>_v<vectors of weights>[n<of the last group>][d<depth>]p<pixels>s<step>_<epilogue> has filters, and
// winograd_lanes_<isa>_m<pixels on a tile's side>v<vectors of filters>[n..]p<tiles>_<epilogue> too, and
// depthwise_lanes_<isa>_k<window>s<stride>[d<dilation>]p<pixels>_<epilogue> channels.
#pragma once

#include "npas/tensor.h"

namespace ${view.namespace} {

class Run;
struct Depthwise;
struct Indexed;
struct Winograd;

% for kernel in view.kernels:
${kernel.signature};
% endfor

}  // namespace ${view.namespace}
