// This user's cache of compiled kernels.
#pragma once

#include <string>
#include <vector>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

// Where what is made of `text` is kept: under $NPAS_OPENCL_CACHE, $XDG_CACHE_HOME/npas/opencl or ~/.cache/npas/opencl.
// Empty where there is no such folder and none can be made, others may write to it, or $NPAS_OPENCL_CACHE is.
std::string cached_file(const std::string& text);

// Empty where the file cannot be read, or is not as it was written.
std::vector<unsigned char> read_file(const std::string& path);
// Whole or not at all; that it could not be written is no error, since a cache only saves time.
void write_file(const std::string& path, const std::vector<unsigned char>& bytes);

}  // namespace NPAS_NAMESPACE
