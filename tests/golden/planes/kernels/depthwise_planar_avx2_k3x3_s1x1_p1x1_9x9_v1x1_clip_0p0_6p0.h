// depthwise_planar_<isa>_k<window>_s<stride>_p<pads>[_d<dilation>]_<size>[to<of its output>]_v<vectors of pixels>x<strips of rows>[_gaps: behind its output's rows]_<epilogue>: pixels do.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void depthwise_planar_avx2_k3x3_s1x1_p1x1_9x9_v1x1_clip_0p0_6p0(const Depthwise& layer, View in, View out, Share share);

}  // namespace npas_net
