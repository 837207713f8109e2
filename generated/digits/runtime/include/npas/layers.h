// Layers that need no generated kernel: pooling, concatenation, softmax.
#pragma once

#include "npas/config.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

struct Window {
    int height, width, stride_y, stride_x, top, left;
};

void max_pool(const Window& window, View in, View out, Share share);
// The divisor is the window's size, or with `count_pads` false the number of its pixels inside the image.
void average_pool(const Window& window, bool count_pads, View in, View out, Share share);
// [C, H, W] -> [C]
void global_average_pool(View in, View out, Share share);
// Copies `in` to the channels of `out` from `first_channel` on.
void copy_channels(View in, View out, int first_channel, Share share);
// Over the `channels` of a compact value.
void softmax(View in, View out, Share share);

}  // namespace NPAS_NAMESPACE
