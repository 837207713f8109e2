// The kernels of net. <operation>_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue> has pixels in lanes;
// conv_lanes_<isa>_v<vectors of weights>[n<of the last group>][d<depth>]p<pixels>s<step>_<epilogue> has filters, and
// winograd_lanes_<isa>_m<pixels on a tile's side>v<vectors of filters>[n..]p<tiles>_<epilogue> too, and
// depthwise_lanes_<isa>_k<window>s<stride>[d<dilation>]p<pixels>_<epilogue> channels.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Winograd;

void conv_indexed_avx2_r1p11(const Indexed& conv, View in, View out, Share share);
void conv_indexed_avx2_r1p11_add(const Indexed& conv, View in, View out, View residual, Share share);
void conv_indexed_avx2_r4p3_relu(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v1p3s3(const Indexed& conv, View in, View out, Share share);
void depthwise_lanes_avx2_k3x3_s1x1_p3(const Depthwise& layer, View in, View out, Share share);
void linear_indexed_avx2_r1(const Indexed& layer, View in, View out, Share share);
void linear_indexed_avx2_r16_hard_swish(const Indexed& layer, View in, View out, Share share);
void linear_indexed_avx2_r8(const Indexed& layer, View in, View out, Share share);
void mul_channel_avx2(View in, View other, View out, Share share);

}  // namespace npas_net
