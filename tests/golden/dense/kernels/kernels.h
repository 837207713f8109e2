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

void conv_lanes_avx2_v1p4s16(const Indexed& conv, View in, View out, Share share);
void conv_lanes_avx2_v1p8s1_relu(const Indexed& conv, View in, View out, Share share);
void depthwise_lanes_avx2_k3x3_s1x1_p8_clip_0p0_6p0(const Depthwise& layer, View in, View out, Share share);
void linear_indexed_avx2_r8(const Indexed& layer, View in, View out, Share share);
void winograd_lanes_avx2_m4v1p3_add_relu(const Winograd& layer, View in, View out, View residual, View work,
                                         const Run& run);

}  // namespace npas_net
