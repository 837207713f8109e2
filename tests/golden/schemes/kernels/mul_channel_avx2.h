// <operation>_<isa>_<epilogue>.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void mul_channel_avx2(View in, View other, View out, Share share);

}  // namespace npas_net
