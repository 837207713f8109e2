// depthwise_lanes_<isa>_k<window>_s<stride>[_d<dilation>]_p<pixels>[_e<columns outside the image>][_turned: its output]_<epilogue>: channels do.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void depthwise_lanes_avx2_k3x3_s1x1_p3_e1x1(const Depthwise& layer, View in, View out, const Strip& strip);

}  // namespace npas_net
