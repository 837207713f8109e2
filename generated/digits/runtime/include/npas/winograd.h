// Winograd's convolutions F(m x m, r x r): Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", over
// the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity, as many of them as a tile's side has pixels. A stride of s leaves
// r of a kernel's taps to each of s^2 phases of the input, which add up as if they were channels.
//
// symbol  meaning                                                    here
// m       output pixels on a tile's side                             M
// d       input tile of one phase                                    [Side][Side], Side = M + r - 1
// U       G g G^T, the transformed weights                           [Side^2][groups][channels][phases][rows]
// V       B^T d B, transformed tiles                                 [Side^2][planes][tiles][lanes]
// Y       A^T (sum over channels and phases of U V) A, the output    [M][M]
//
// A model transforms the weights when it is made (see loaded.h); the tiles are the kernels' business.
#pragma once

#include <cstdint>

#include "npas/config.h"
#include "npas/description.h"

namespace NPAS_NAMESPACE {

// What a kernel sees; the arrays are a LoadedWinograd's.
struct Winograd {
    const WinogradSpec* spec = nullptr;
    const float* weights = nullptr;         // U
    const float* bias = nullptr;            // filled up to whole groups
    const std::int32_t* offsets = nullptr;  // of every channel's phases in V at one position
};

}  // namespace NPAS_NAMESPACE
