// conv_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue>: pixels lie in lanes.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void conv_indexed_avx2_r1p2(const Indexed& conv, View in, View out, Share share);

}  // namespace npas_net
