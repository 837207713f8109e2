// conv_packed_<isa>_h<lines of pixels>[n<of a shorter tile>][s<rows from line to line>]_<epilogue>: pixels lie in lanes, input in copies.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void conv_packed_avx2_h10(const Indexed& conv, View in, View out, View copy, Share share);

}  // namespace npas_net
