// winograd_lanes_<isa>_m<pixels on a tile's side>r<taps>v<vectors of filters>[n<of the last group>]p<tiles>[_planar: its input]_<epilogue>.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void winograd_lanes_avx2_m4r3v1p3_add_relu(const Winograd& layer, View in, View out, View residual, View work,
                                           const Run& run);

}  // namespace npas_net
