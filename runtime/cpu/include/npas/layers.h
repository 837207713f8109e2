// Layers on images that need no generated kernel: pooling and concatenation.
#pragma once

#include "npas/config.h"
#include "npas/parts.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

struct Window {
    int height, width, stride_y, stride_x, top, left, dilation_y, dilation_x;
    int image;  // rows of it, of which a strip's input may have only some
};

void max_pool(const Window& window, View in, View out, Share share);
void max_pool(const Window& window, View in, View out, const Strip& strip);
// The divisor is the window's size, or with `count_pads` false the number of its pixels inside the image.
void average_pool(const Window& window, bool count_pads, View in, View out, Share share);
void average_pool(const Window& window, bool count_pads, View in, View out, const Strip& strip);
// [C, H, W] -> [C]
void global_average_pool(View in, View out, Share share);
// Copies `in` to the channels of `out` from `first_channel` on.
void copy_channels(View in, View out, int first_channel, Share share);

}  // namespace NPAS_NAMESPACE
