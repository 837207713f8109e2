// How a value lies in memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

// A value of `channels` planes. Each plane has `height` rows of `width` pixels, `pitch` floats apart; the first
// pixel stands `origin` floats into the plane, and planes are `plane` floats apart.
//
// In a padded value everything that is not a pixel is zero, so that a window may reach over the edge without
// a test: the columns between the end of a row and the start of the next serve as the right margin of the one
// and the left margin of the other. A compact value (pitch = width, origin = 0, plane = height * width) is a
// plain array.
struct Layout {
    int channels, height, width;
    int pitch, origin, plane;
};

struct Value {
    Layout layout;
    std::size_t offset;  // in the arena, in floats
};

// A value at hand: `data` is the first pixel of the first plane.
struct ConstView {
    const float* data;
    const Layout* layout;

    const float* plane(int channel) const { return data + static_cast<std::ptrdiff_t>(channel) * layout->plane; }
};

struct View {
    float* data;
    const Layout* layout;

    float* plane(int channel) const { return data + static_cast<std::ptrdiff_t>(channel) * layout->plane; }
    operator ConstView() const { return {data, layout}; }
};

// Which part of a layer a thread does.
struct Share {
    int thread, threads;
};

struct Range {
    int begin, end;
};

// The share's part of `count` equal pieces.
inline Range slice(Share share, int count) {
    const auto cut = [&](int i) { return static_cast<int>(static_cast<std::int64_t>(count) * i / share.threads); };
    return {cut(share.thread), cut(share.thread + 1)};
}

// Zeroes what is not a pixel before and after the rows of one plane; `written` floats from the first pixel on
// are the kernel's own business.
void clear_margins(const View& value, int channel, int written);

// Copies between two layouts of the same channels, height and width (or the same number of elements where both
// are compact); margins of a padded destination become zero.
void copy(ConstView from, View to, Share share);

// What a strided convolution reads: input pixel (y * stride + phase.row - top, x * stride + phase.column - left)
// becomes pixel (y, x) of plane channel * count + i for phase i, zero outside the image. With its input split
// so, a convolution of any stride is one of stride 1.
struct Phase {
    int row, column;
};

struct Split {
    const Phase* phases;
    int count;
    int stride_y, stride_x, top, left;
};

void split_phases(const Split& split, ConstView from, View to, Share share);

}  // namespace NPAS_NAMESPACE
