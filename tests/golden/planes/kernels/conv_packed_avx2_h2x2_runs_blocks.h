// conv_packed_<isa>_h<lines of pixels>[n<of a shorter tile>][x<filters>][_planar or _runs: output][_blocks: of channels][_far: fetches input]_<epilogue>: pixels lie in lanes, input in copies.
#pragma once

#include "npas/tensor.h"

namespace npas_net {

class Run;
struct Depthwise;
struct Indexed;
struct Part;
struct Strip;
struct Winograd;

void conv_packed_avx2_h2x2_runs_blocks(const Indexed& conv, View in, View out, View copies, View buffers,
                                       const Run& run);

}  // namespace npas_net
