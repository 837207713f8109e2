// conv_lanes_<isa>_v<vectors of weights>[n<of the last group>][d<depth>]p<pixels>s<step>[_far: fetches input][_ahead: weights][_ragged: past the ends of rows][_gapped: of the input, too][_blocks: of channels]_<epilogue>: filters do.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void conv_lanes_avx2_v1p3s3(const Indexed& conv, View in, View out, const Part& part);

}  // namespace npas_net
