// Layers whose weights are lists of kept positions: every convolution and fully connected layer.
//
// A group of `rows` filters shares one list. For each entry k of the list the layer reads the input at
// `offsets[k]` floats from the pixel at hand and multiplies it by `rows` weights (or, where an entry covers several
// channels, their inputs by as many weights a filter, which lie side by side). Schemes and formats differ
// only in how long the lists are and how many filters share one; here every format of the weights file becomes
// the same arrays, checked entry by entry, so that a kernel needs no test.
#pragma once

#include <cstdint>
#include <vector>

#include "npas/config.h"
#include "npas/description.h"
#include "npas/tensor.h"
#include "npas/weights.h"

namespace NPAS_NAMESPACE {

struct Indexed {
    const IndexedSpec* spec = nullptr;
    const float* weights = nullptr;  // per group: [list length][rows][depth]
    std::vector<float> own_weights;  // where the format's order is not the kernels'
    int groups = 0, channel_blocks = 1;
    std::vector<float> bias;                  // [groups][rows]
    std::vector<std::int32_t> rows;           // [groups][rows]: filter, or -1 where the last group is not full
    std::vector<std::int32_t> offsets;        // the lists
    std::vector<std::int32_t> bounds;         // [groups][channel_blocks + 1] into offsets
    std::vector<std::uint32_t> first_weight;  // [groups] into weights
    std::vector<int> cut;                     // [threads + 1]: groups shared out by work
    const std::int32_t* mask = nullptr;       // [tiles * tile]: all ones on pixels, zero on margins

    Range groups_of(Share share) const;
    Range tiles_of(Share share) const;
};

// A depthwise layer whose channels lie in lanes.
struct Depthwise {
    const DepthwiseSpec* spec = nullptr;
    const float* weights = nullptr;  // [planes][taps][lanes]
    const float* bias = nullptr;     // [planes][lanes]
};

Status prepare(const DepthwiseSpec& spec, const Weights& weights, Depthwise& out);

// Builds the arrays from the weights file. May throw std::bad_alloc.
Status prepare(const IndexedSpec& spec, const Weights& weights, int threads, Indexed& out);

}  // namespace NPAS_NAMESPACE
