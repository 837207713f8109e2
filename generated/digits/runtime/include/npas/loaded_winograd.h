// What a model makes of the weights of a layer by Winograd's method. Moving it leaves its arrays where they are.
#pragma once

#include <cstdint>
#include <vector>

#include "npas/config.h"
#include "npas/memory.h"
#include "npas/weights.h"
#include "npas/winograd.h"

namespace NPAS_NAMESPACE {

struct LoadedWinograd {
    Buffer weights;
    std::vector<float> bias;
    std::vector<std::int32_t> offsets;
    Winograd view;
};

// Checks the file's sections and transforms the weights. May throw std::bad_alloc.
Status prepare(const WinogradSpec& spec, const Weights& weights, LoadedWinograd& out);

}  // namespace NPAS_NAMESPACE
