// The kernels of digits. <operation>_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue> has pixels in lanes;
// conv_lanes_<isa>_v<vectors of weights>[n<of the last group>][d<depth>]p<pixels>s<step>_<epilogue> has filters, and
// winograd_lanes_<isa>_m<pixels on a tile's side>v<vectors of filters>[n..]p<tiles>_<epilogue> too, and
// depthwise_lanes_<isa>_k<window>s<stride>[d<dilation>]p<pixels>_<epilogue> channels.
#pragma once

#include "npas/tensor.h"

namespace npas_digits {

class Run;
struct Depthwise;
struct Indexed;
struct Winograd;

void conv_indexed_avx2_r2p5_hard_swish(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r4p3(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r4p3_add_hard_swish(const Indexed& conv, View in, View out, View residual, Share share);
void conv_indexed_avx2_r4p3_hard_swish(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v1p4s2(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v1p4s2_hard_swish(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v1p4s8_add_hard_swish(const Indexed& conv, View in, View out, View residual, Share share);
void conv_lanes_avx2_v1p4s8_hard_swish(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v2p2s16(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v2p2s16_hard_swish(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v2p2s8_add_hard_swish(const Indexed& conv, View in, View out, View residual, Share share);
void conv_lanes_avx2_v2p2s8_hard_swish(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v2p6s1_add_hard_swish(const Indexed& conv, View in, View out, View residual, Share share);
void conv_lanes_avx2_v2p6s1_hard_swish(const Indexed& conv, View in, View out, Share share);
void linear_indexed_avx2_r8(const Indexed& layer, View in, View out, Share share);

}  // namespace npas_digits
