#include "npas/layers.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "npas/simd.h"

namespace NPAS_NAMESPACE {

namespace {

// Of a window at output position `i`, the taps that lie inside the image.
struct Taps {
    int first;  // row or column of the image under tap 0, perhaps outside
    Range taps;

    int count() const { return taps.end - taps.begin; }
};

Taps inside(int i, int stride, int before, int size, int dilation, int image) {
    const int first = i * stride - before;
    const int begin = first < 0 ? (-first + dilation - 1) / dilation : 0;
    const int end = first < image ? (image - first + dilation - 1) / dilation : 0;
    return {first, {begin, std::max(begin, std::min(end, size))}};
}

void zero_plane(const View& value, int plane) {
    const Layout& l = *value.layout;
    std::memset(value.plane(plane) - static_cast<std::ptrdiff_t>(l.origin) * l.block, 0,
                static_cast<std::size_t>(l.plane_step()) * sizeof(float));
}

// A pixel: one float, or as many channels as a vector holds.
template <class Pixel>
Pixel pixel_at(const float* p) {
    Pixel x;
    std::memcpy(&x, p, sizeof x);
    return x;
}

inline float larger(float a, float b) { return std::max(a, b); }
inline vec larger(vec a, vec b) { return max(a, b); }

struct Max {
    template <class Pixel>
    Pixel start() const {
        return Pixel{} - std::numeric_limits<float>::infinity();
    }
    template <class Pixel>
    Pixel join(Pixel sum, Pixel x) const {
        return larger(sum, x);
    }
    template <class Pixel>
    Pixel finish(Pixel sum, int) const {
        return sum;
    }
};

struct Mean {
    int divisor;  // or 0: the number of pixels inside the image

    template <class Pixel>
    Pixel start() const {
        return Pixel{};
    }
    template <class Pixel>
    Pixel join(Pixel sum, Pixel x) const {
        return sum + x;
    }
    template <class Pixel>
    Pixel finish(Pixel sum, int count) const {
        return sum / static_cast<float>(divisor == 0 ? count : divisor);
    }
};

// The output positions whose windows lie inside the image.
Range whole(int stride, int before, int size, int image, int count) {
    const int begin = std::min((before + stride - 1) / stride, count), room = image - size + before;
    return {begin, std::max(begin, std::min(room < 0 ? 0 : room / stride + 1, count))};
}

// What the windows of one row of the output read.
struct Row {
    const float* plane;
    std::ptrdiff_t step;  // floats from one row of the image to the next
    Taps rows;
    int dilation;

    const float* under(int tap) const { return plane + (rows.first + tap * dilation) * step; }
};

// The side of a row's windows where they are square, without gaps, and no row of them lies outside; 0 otherwise.
int square(const Window& window, const Row& row) {
    const bool whole = row.rows.count() == window.height, dense = window.dilation_x == 1 && window.dilation_y == 1;
    return whole && dense && window.height == window.width ? window.width : 0;
}

// Pixels of one row whose windows lie inside the image, a vector of them at a time, the last ones perhaps twice.
template <class Pooling>
void pool_vectors(const Window& window, Pooling pooling, const Row& row, Range columns, float* target) {
    const int count = row.rows.count() * window.width;
    for (int next = columns.begin; next < columns.end; next += kLanes) {
        const int x = std::min(next, columns.end - kLanes);
        vec sum = pooling.template start<vec>();
        for (int i = row.rows.taps.begin; i < row.rows.taps.end; ++i) {
            const float* first = row.under(i) + x * window.stride_x - window.left;
            for (int j = 0; j < window.width; ++j) {
                sum = pooling.join(sum, every(first + j * window.dilation_x, window.stride_x));
            }
        }
        store(target + x, pooling.finish(sum, count));
    }
}

// One pixel, under the taps of its window that lie inside the image.
template <class Pixel, class Pooling>
void pool_pixel(const Window& window, Pooling pooling, const Row& row, const Taps& columns, float* target, int floats) {
    constexpr int kFloats = sizeof(Pixel) / sizeof(float);
    Pixel sum = pooling.template start<Pixel>();
    for (int i = row.rows.taps.begin; i < row.rows.taps.end; ++i) {
        const float* pixels = row.under(i);
        for (int j = columns.taps.begin; j < columns.taps.end; ++j) {
            sum = pooling.join(sum, pixel_at<Pixel>(pixels + (columns.first + j * window.dilation_x) * kFloats));
        }
    }
    const Pixel pooled = pooling.finish(sum, row.rows.count() * columns.count());
    if (floats == kFloats) {  // of a length that is known, which is one store
        std::memcpy(target, &pooled, sizeof pooled);
    } else {
        std::memcpy(target, &pooled, static_cast<std::size_t>(floats) * sizeof(float));
    }
}

// Pixels of one row under whole windows of a size known here, from the first one's pixels on: loops end where the
// compiler sees it, and sums stay in registers.
template <int Size, class Pixel, class Pooling>
void pool_squares(Pooling pooling, const float* pixels, std::ptrdiff_t down, int stride, int count, float* target) {
    constexpr int kFloats = sizeof(Pixel) / sizeof(float);
    for (int x = 0; x < count; ++x, pixels += stride * kFloats, target += kFloats) {
        Pixel sum = pooling.template start<Pixel>();
        for (int i = 0; i < Size; ++i) {
            for (int j = 0; j < Size; ++j) sum = pooling.join(sum, pixel_at<Pixel>(pixels + i * down + j * kFloats));
        }
        const Pixel pooled = pooling.finish(sum, Size * Size);
        std::memcpy(target, &pooled, sizeof pooled);
    }
}

// One row of pixels from `target` on, of each of which `floats` are stored. Most windows lie inside the image as a
// whole, and need not be asked what of them does.
template <class Pixel, class Pooling>
void pool_row(const Window& window, Pooling pooling, const Row& row, int from_width, int to_width, float* target,
              int floats) {
    constexpr int kFloats = sizeof(Pixel) / sizeof(float);
    const int reach = (window.width - 1) * window.dilation_x + 1;
    const Range inner = whole(window.stride_x, window.left, reach, from_width, to_width);
    const auto at_edge = [&](Range columns) {
        for (int x = columns.begin; x < columns.end; ++x) {
            const Taps taps = inside(x, window.stride_x, window.left, window.width, window.dilation_x, from_width);
            pool_pixel<Pixel>(window, pooling, row, taps, target + x * kFloats, floats);
        }
    };
    at_edge({0, inner.begin});
    if (kFloats == 1 && window.stride_x <= 2 && inner.end - inner.begin >= kLanes) {
        pool_vectors(window, pooling, row, inner, target);
    } else if (const int size = square(window, row); floats == kFloats && (size == 2 || size == 3)) {
        const auto squares = size == 2 ? pool_squares<2, Pixel, Pooling> : pool_squares<3, Pixel, Pooling>;
        squares(pooling, row.under(0) + (inner.begin * window.stride_x - window.left) * kFloats, row.step,
                window.stride_x, inner.end - inner.begin, target + inner.begin * kFloats);
    } else {
        Taps taps = {inner.begin * window.stride_x - window.left, {0, window.width}};
        for (int x = inner.begin; x < inner.end; ++x, taps.first += window.stride_x) {
            pool_pixel<Pixel>(window, pooling, row, taps, target + x * kFloats, floats);
        }
    }
    at_edge({inner.end, to_width});
}

// Both values lie in planes of the same block, but for an output of one pixel, which is a plain array.
template <class Pooling>
void pool(const Window& window, Pooling pooling, ConstView in, View out, const Strip& strip) {
    const Layout &from = *in.layout, &to = *out.layout;
    const int height = strip.rows.end - strip.rows.begin;
    for (int unit = strip.units.begin; unit < strip.units.end; ++unit) {
        const int plane = strip.planes.begin + unit / height, y = strip.rows.begin + unit % height;
        const Taps rows = inside(y, window.stride_y, window.top, window.height, window.dilation_y, window.image);
        const float* pixels = in.plane(plane - strip.plane) - strip.row * from.row_step();
        const Row row = {pixels, from.row_step(), rows, window.dilation_y};
        if (from.block == 1) {
            pool_row<float>(window, pooling, row, from.width, to.width, out.plane(plane) + y * to.row_step(), 1);
        } else {
            const bool plain = to.block == 1;
            const int floats = plain ? std::min(from.block, from.channels - plane * from.block) : from.block;
            float* target = plain ? out.data + plane * from.block : out.plane(plane) + y * to.row_step();
            pool_row<vec>(window, pooling, row, from.width, to.width, target, floats);
        }
        if (to.block == from.block) clear_gaps(out, plane, {y, y + 1});
    }
}

// Of pixels of as many channels as a vector has lanes.
vec mean_of_lanes(const Layout& from, const float* plane) {
    vec sum{};
    for (int y = 0; y < from.height; ++y) {
        const float* row = plane + y * from.row_step();
        for (int x = 0; x < from.width; ++x) sum = sum + load(row + x * kLanes);
    }
    return sum / static_cast<float>(from.height * from.width);
}

// Of a plane of one channel; rows without anything between them are one.
float mean(const Layout& from, const float* plane) {
    const bool runs_on = from.pitch == from.width;
    const int rows = runs_on ? 1 : from.height, width = runs_on ? from.height * from.width : from.width;
    vec sums{};
    float sum = 0.0f;
    for (int y = 0; y < rows; ++y) {
        const float* row = plane + y * from.row_step();
        int x = 0;
        for (; x + kLanes <= width; x += kLanes) sums = sums + load(row + x);
        for (; x < width; ++x) sum += row[x];
    }
    for (int i = 0; i < kLanes; ++i) sum += sums[i];
    return sum / static_cast<float>(from.height * from.width);
}

}  // namespace

void max_pool(const Window& window, View in, View out, const Strip& strip) { pool(window, Max(), in, out, strip); }

void max_pool(const Window& window, View in, View out, Share share) {
    max_pool(window, in, out, strip_of(in.layout->planes(), out.layout->height, share));
}

void average_pool(const Window& window, bool count_pads, View in, View out, const Strip& strip) {
    pool(window, Mean{count_pads ? window.height * window.width : 0}, in, out, strip);
}

void average_pool(const Window& window, bool count_pads, View in, View out, Share share) {
    average_pool(window, count_pads, in, out, strip_of(in.layout->planes(), out.layout->height, share));
}

void global_average_pool(View in, View out, Share share) {
    const Layout& from = *in.layout;
    const Range planes = slice(share, from.planes());
    for (int i = planes.begin; i < planes.end; ++i) {
        if (from.block == 1) {
            out.data[i] = mean(from, in.plane(i));
        } else {
            const vec x = mean_of_lanes(from, in.plane(i));
            const int channels = std::min(from.block, from.channels - i * from.block);
            std::memcpy(out.data + i * from.block, &x, static_cast<std::size_t>(channels) * sizeof(float));
        }
    }
}

void copy_channels(View in, View out, int first_channel, Share share) {
    const Layout &from = *in.layout, &to = *out.layout;
    // One thread has all channels of a plane, and zeroes it where the plane's first channel is its own.
    const int before = first_channel / to.block;
    const int planes = (first_channel + from.channels - 1) / to.block - before + 1;
    const Range part = slice(share, planes);
    for (int i = before + part.begin; i < before + part.end; ++i) {
        const int begin = std::max(i * to.block, first_channel);
        const int end = std::min((i + 1) * to.block, first_channel + from.channels);
        if (begin == i * to.block) zero_plane(out, i);
        for (int c = begin; c < end; ++c) {
            const float* source = in.channel(c - first_channel);
            float* target = out.channel(c);
            for (int y = 0; y < from.height; ++y) {
                for (int x = 0; x < from.width; ++x) {
                    target[y * to.row_step() + x * to.block] = source[y * from.row_step() + x * from.block];
                }
            }
        }
    }
}

}  // namespace NPAS_NAMESPACE
