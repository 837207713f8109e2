// Layers whose weights are lists of kept positions: every convolution and fully connected layer.
//
// `rows` filters share one list, and a group of them is computed together (or as many as `lists` have: where those of
// one list fill no vector, or two filters with a list each are computed side by side). For each entry k of the list
// the layer reads the input at `offsets[k]` floats from the pixel at hand and multiplies it by `rows` weights (or,
// where an entry covers several channels, their inputs by as many weights a filter; these lie side by side, or in the
// lanes where kernels add them up by swaps, as the compiler decided). Schemes and formats differ only in how long the
// lists are and how many filters share one; here every format of the weights file becomes the same arrays, checked
// entry by entry, so that a kernel needs no test.
#pragma once

#include <cstdint>

#include "npas/config.h"
#include "npas/description.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

// What a kernel sees; the arrays are a LoadedIndexed's. Packed kernels (see packing.h) find everything in the order in
// which they read it: `bounds` is [channel_blocks][groups] + 1 in entries of a group, places and weights are [entries]
// [lists], `rows` [channel_blocks][groups][lists], the bias lies by filter.
struct Indexed {
    const IndexedSpec* spec = nullptr;
    const float* weights = nullptr;         // per list: [list length][rows x depth]
    const std::uint16_t* halves = nullptr;  // instead of weights, where these are stored in 16 bits
    int groups = 0, channel_blocks = 1;
    const float* bias = nullptr;            // [groups][lists][rows]
    const std::int32_t* rows = nullptr;     // [groups][lists][rows]: filter, or -1 where the last group is not full
    const std::int32_t* offsets = nullptr;  // the lists
    const std::uint16_t* places = nullptr;  // a packed kernel's, in vectors of a copy
    const std::int32_t* bounds = nullptr;   // [groups][lists][channel_blocks + 1] into offsets
    const std::uint32_t* first_weight = nullptr;  // [groups][lists] into weights
    const int* cut = nullptr;                     // [pieces + 1]: groups shared out by work
    int pieces = 1;
    const std::int32_t* mask = nullptr;  // [tiles * tile]: all ones on pixels, zero on margins

    Range groups_of(Share share) const;
    Range tiles_of(Share share) const;
};

// A depthwise layer.
struct Depthwise {
    const DepthwiseSpec* spec = nullptr;
    const float* weights = nullptr;  // [planes][taps][lanes]
    const float* bias = nullptr;     // [planes][lanes]
};

}  // namespace NPAS_NAMESPACE
