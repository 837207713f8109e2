// Copies of what a tile of pixels reads, for kernels with a list of kept positions for every filter: the input once
// for each column of the window, a vector from each row, so that under every tap a vector begins in line. Image size,
// stride and layout of the input end here.
#pragma once

#include "npas/config.h"
#include "npas/indexed.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

// Copies what lines [y, y + lines) of the output at columns x ... x + kLanes - 1 read of a channel block: `to` is
// [channels][columns of the window][rows][lanes]. Lanes beyond the image hold anything that the input's memory holds.
void copy_tile(const IndexedSpec& spec, ConstView in, int block, int y, int lines, int x, float* to);

// Zeroes `count` floats, whole vectors, from `tail` on and in the lines below it.
void clear_tails(float* tail, int count, std::ptrdiff_t pitch, int lines);

}  // namespace NPAS_NAMESPACE
