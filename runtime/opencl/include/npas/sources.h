// What the generator says of one network's kernels: constants, without allocations.
#pragma once

#include <cstddef>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

// What device to look for: parts of a platform's and a device's name, in any case. Empty: the first there is. It may
// have to compute in half precision.
struct Wanted {
    const char *platform, *device;
    bool half_products;
};

// Of the kernels' text: what `source` says is compiled by itself behind the `prelude`.
struct Source {
    const char* kernel;
    const char* text;
};

// What every kernel's text begins with, and the kernels of this tree.
const char* prelude();
const Source* sources(std::size_t& count);
// The device that this tree was generated for.
Wanted wanted_device();
// Whether values between layers are stored in 16 bits.
bool half_values();

}  // namespace NPAS_NAMESPACE
