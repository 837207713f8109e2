// linear_indexed_<isa>_r<filters>[_fp16: how weights are stored]_<epilogue>.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void linear_indexed_avx2_r8(const Indexed& layer, View in, View out, Share share);

}  // namespace npas_net
