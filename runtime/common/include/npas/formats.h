// The formats of the weights file, each of which says by lists which positions are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "npas/config.h"
#include "npas/description.h"
#include "npas/weights.h"

namespace NPAS_NAMESPACE {

// Columns (channel * taps + tap) by list, and the list of each group of filters.
struct Lists {
    std::vector<std::uint32_t> columns, start, list_of;
    std::vector<std::int32_t> rows;  // [groups][rows]: filter, or -1 where the last group is not full
    std::vector<float> weights;      // where the format's order is not the kernels'

    std::uint32_t length(std::size_t list) const { return start[list + 1] - start[list]; }
};

// Sections of a format behind weights and bias.
std::size_t index_sections(Format format);

// Checks the sections of a layer and makes lists of them; columns and filters are for the caller to check. May throw
// std::bad_alloc.
Status decode(const IndexedSpec& spec, const Weights& file, Lists& lists);

}  // namespace NPAS_NAMESPACE
