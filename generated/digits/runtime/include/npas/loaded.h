// What a model makes of its weights file: the arrays behind what kernels see. Moving one leaves its arrays where they
// are.
#pragma once

#include <cstdint>
#include <vector>

#include "npas/config.h"
#include "npas/description.h"
#include "npas/indexed.h"
#include "npas/memory.h"
#include "npas/weights.h"
#include "npas/winograd.h"

namespace NPAS_NAMESPACE {

struct LoadedIndexed {
    std::vector<float> weights;  // where the format's order is not the kernels'
    std::vector<float> bias;
    std::vector<std::int32_t> rows, offsets, bounds;
    std::vector<std::uint16_t> places;
    std::vector<std::uint32_t> first_weight;
    std::vector<int> cut;
    Indexed view;
};

struct LoadedWinograd {
    Buffer weights;  // transformed
    std::size_t weight_bytes = 0;
    std::vector<float> bias;
    std::vector<std::int32_t> offsets;
    Winograd view;
};

// These check the file's sections and build the arrays. May throw std::bad_alloc.
Status prepare(const IndexedSpec& spec, const Weights& weights, int pieces, LoadedIndexed& out);
Status prepare(const WinogradSpec& spec, const Weights& weights, LoadedWinograd& out);
Status prepare(const DepthwiseSpec& spec, const Weights& weights, Depthwise& out);

}  // namespace NPAS_NAMESPACE
