// The kernels of digits: <operation>_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue>.
#pragma once

#include "npas/tensor.h"

namespace npas_digits {

struct Indexed;

void conv_indexed_avx2_r1p1(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r1p3(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r1p9(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r1p9_hard_swish(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r4p3(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r4p3_add_hard_swish(const Indexed& conv, View in, View out, View residual, Share share);
void conv_indexed_avx2_r4p3_hard_swish(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r8p1(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r8p1_add_hard_swish(const Indexed& conv, View in, View out, View residual, Share share);
void conv_indexed_avx2_r8p1_hard_swish(const Indexed& conv, View in, View out, Share share);
void linear_indexed_avx2_r8(const Indexed& layer, View in, View out, Share share);

}  // namespace npas_digits
