// How a value lies in memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

// A value lies in memory as planes of pixels. A pixel holds `block` channels side by side: 1, or as many as a vector
// has lanes, the last plane being filled up with zeros or whatever its producer makes of zeros. A plane has `height`
// rows of `width` pixels, `pitch` pixels apart; the first pixel stands `origin` pixels into the plane, and planes
// are `plane` pixels apart.
//
// In a value into whose margins some window reaches, everything that is not a pixel is zero, so that it may reach
// over the edge without a test: the columns between the end of a row and the start of the next serve as the right
// margin of the one and the left margin of the other. A compact value (pitch = width, origin = 0, plane = height *
// width, block = 1) is a plain array.
struct Layout {
    int channels, height, width;
    int pitch, origin, plane;
    int block;

    int planes() const { return (channels + block - 1) / block; }
    // In numbers: from one plane to the next, and from one row to the next.
    std::ptrdiff_t plane_step() const { return static_cast<std::ptrdiff_t>(plane) * block; }
    std::ptrdiff_t row_step() const { return static_cast<std::ptrdiff_t>(pitch) * block; }
};

// The same elements as a plain array.
inline Layout plain_layout(const Layout& l) {
    return {l.channels, l.height, l.width, l.width, 0, l.height * l.width, 1};
}

struct Value {
    Layout layout;
    std::size_t offset;  // in the arena, in numbers
};

// A value at hand: `data` is the first pixel of the first plane.
struct ConstView {
    const float* data;
    const Layout* layout;

    const float* plane(int i) const { return data + i * layout->plane_step(); }
    // The first pixel of one channel, whose next one is `block` floats away.
    const float* channel(int c) const { return plane(c / layout->block) + c % layout->block; }
};

struct View {
    float* data;
    const Layout* layout;

    float* plane(int i) const { return data + i * layout->plane_step(); }
    float* channel(int c) const { return plane(c / layout->block) + c % layout->block; }
    operator ConstView() const { return {data, layout}; }
};

// Which part of a layer a thread does.
struct Share {
    int thread, threads;
};

struct Range {
    int begin, end;
};

// The share's part of `count` equal pieces. Where these are not enough for all to have as many, the last share has the
// fewer: whoever takes shares as they come free would otherwise wait for a long one at the end.
inline Range slice(Share share, int count) {
    const auto cut = [&](int i) {
        return static_cast<int>((static_cast<std::int64_t>(count) * i + share.threads - 1) / share.threads);
    };
    return {cut(share.thread), cut(share.thread + 1)};
}

// Zeroes what is not a pixel before and after the rows of one plane; `written` floats from the first pixel on
// are the kernel's own business.
void clear_margins(const View& value, int plane, int written);

// Zeroes all that is not a pixel between row `begin` of one plane and row `end`; before the first row and behind the
// last too.
void clear_gaps(const View& value, int plane, Range rows);

// Copies between two layouts of the same channels, height and width (or the same number of elements where both
// are compact); margins and unused lanes of the destination become zero.
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
