// The kernels of net: <operation>_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue>.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

struct Indexed;

void conv_indexed_avx2_r4p3(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r4p3_add_relu(const Indexed& conv, View in, View out, View residual, Share share);
void conv_indexed_avx2_r4p3_relu(const Indexed& conv, View in, View out, Share share);
void linear_indexed_avx2_r8(const Indexed& layer, View in, View out, Share share);

}  // namespace npas_net
