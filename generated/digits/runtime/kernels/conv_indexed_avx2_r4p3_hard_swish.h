// conv_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue>: pixels lie in lanes.
#pragma once

#include "npas/tensor.h"

namespace npas_digits {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void conv_indexed_avx2_r4p3_hard_swish(const Indexed& conv, View in, View out, Share share);

}  // namespace npas_digits
