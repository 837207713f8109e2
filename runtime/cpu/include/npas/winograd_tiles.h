// Tiles of Winograd's convolutions on their way in and out; see winograd.h.
#pragma once

#include <cstddef>
#include <limits>

#include "npas/config.h"
#include "npas/description.h"
#include "npas/parts.h"
#include "npas/simd.h"
#include "npas/tensor.h"
#include "npas/transpose.h"
#include "npas/winograd.h"

namespace NPAS_NAMESPACE {

// Floats from one position to the next in V and in the sums: an odd number of cache lines, lest all positions of a tile
// fall into the same few sets of a cache.
inline std::ptrdiff_t position_step(int planes, int room) {
    const int lines = (planes * room * kLanes + kLine - 1) / kLine;
    return static_cast<std::ptrdiff_t>(lines | 1) * kLine;
}

// Points in pairs p, -p, and the sign of the last column of A^T; B^T is scaled to fit them.
template <int Side>
struct Points;

template <>
struct Points<4> {
    static constexpr float pairs[] = {1.0f};
    static constexpr float infinity = -1.0f;
};

template <>
struct Points<6> {
    static constexpr float pairs[] = {1.0f, 2.0f};
    static constexpr float infinity = 1.0f;
};

template <>
struct Points<8> {
    static constexpr float pairs[] = {1.0f, 2.0f, 0.5f};
    static constexpr float infinity = 1.0f;
};

constexpr float power(float x, int exponent) { return exponent == 0 ? 1.0f : x * power(x, exponent - 1); }

// One dimension of B^T d.
[[gnu::always_inline]] inline void transform_line(const vec (&d)[4], vec (&t)[4]) {
    t[0] = d[0] - d[2];
    t[1] = d[1] + d[2];
    t[2] = d[2] - d[1];
    t[3] = d[1] - d[3];
}

[[gnu::always_inline]] inline void transform_line(const vec (&d)[6], vec (&t)[6]) {
    const vec a = fma(splat(-4.0f), d[2], d[4]), b = fma(splat(-4.0f), d[1], d[3]);
    const vec c = d[4] - d[2], e = splat(2.0f) * (d[3] - d[1]);
    t[0] = fma(splat(4.0f), d[0], fma(splat(-5.0f), d[2], d[4]));
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = fma(splat(4.0f), d[1], fma(splat(-5.0f), d[3], d[5]));
}

[[gnu::always_inline]] inline void transform_line(const vec (&d)[8], vec (&t)[8]) {
    t[0] = fma(splat(5.25f), d[4] - d[2], d[0] - d[6]);
    vec a = fma(splat(-4.25f), d[4], d[2] + d[6]), b = fma(splat(-4.25f), d[3], d[1] + d[5]);
    t[1] = a + b;
    t[2] = a - b;
    a = fma(splat(0.25f), d[2], fma(splat(-1.25f), d[4], d[6]));
    b = fma(splat(0.5f), d[1], fma(splat(-2.5f), d[3], splat(2.0f) * d[5]));
    t[3] = a + b;
    t[4] = a - b;
    a = fma(splat(4.0f), d[2], fma(splat(-5.0f), d[4], d[6]));
    b = fma(splat(2.0f), d[1], fma(splat(-2.5f), d[3], splat(0.5f) * d[5]));
    t[5] = a + b;
    t[6] = a - b;
    t[7] = fma(splat(5.25f), d[3] - d[5], d[7] - d[1]);
}

// One dimension of A^T m from row K on, which has the K-th powers of the points; `x` are the sums (where K is even) or
// differences of what belongs to p and -p.
template <int Side, int M, int K = 0>
[[gnu::always_inline]] inline void transform_back(const vec (&t)[Side], const vec (&sums)[Side / 2 - 1],
                                                  const vec (&differences)[Side / 2 - 1], vec (&y)[M]) {
    const vec(&x)[Side / 2 - 1] = K % 2 == 0 ? sums : differences;
    vec row = x[0];
    for (int i = 1; i < Side / 2 - 1; ++i) row = fma(splat(power(Points<Side>::pairs[i], K)), x[i], row);
    if (K == 0) row = row + t[0];
    if (K == M - 1) row = Points<Side>::infinity > 0 ? row + t[Side - 1] : row - t[Side - 1];
    y[K] = row;
    if constexpr (K + 1 < M) transform_back<Side, M, K + 1>(t, sums, differences, y);
}

template <int Side, int M>
[[gnu::always_inline]] inline void transform_back(const vec (&t)[Side], vec (&y)[M]) {
    vec sums[Side / 2 - 1], differences[Side / 2 - 1];
    for (int i = 0; i < Side / 2 - 1; ++i) {
        sums[i] = t[2 * i + 1] + t[2 * i + 2];
        differences[i] = t[2 * i + 1] - t[2 * i + 2];
    }
    transform_back<Side, M, 0>(t, sums, differences, y);
}

// Where the pixels of a plane of V lie in the input: of one phase of a plane, or of as many (phase, channel) as a
// vector has lanes where the input holds one channel in a pixel. Offsets are those of a tile's first phase.
template <int Block>
class Pixels;

template <>
class Pixels<kLanes> {
  public:
    Pixels(const WinogradSpec& spec, ConstView in, int plane) : stride_(spec.stride) {
        const int phase = plane / in.layout->planes();
        y_ = phase / stride_;
        x_ = phase % stride_;
        data_ = in.plane(plane % in.layout->planes()) + y_ * in.layout->row_step() + x_ * kLanes;
    }
    // A row of `Side` pixels, for which `reach` columns are read.
    template <int Side>
    [[gnu::always_inline]] void row(std::ptrdiff_t offset, vec (&d)[Side]) const {
        for (int x = 0; x < Side; ++x) d[x] = load(data_ + offset + x * stride_ * kLanes);
    }
    static int reach(int side, int stride) { return side * stride; }
    // Zero where the pixel is outside of the given rows and columns.
    vec within(std::ptrdiff_t offset, int rows, int columns) const {
        return y_ < rows && x_ < columns ? load(data_ + offset) : vec{};
    }

  private:
    const float* data_;
    int stride_, y_, x_;
};

template <>
class Pixels<1> {
  public:
    Pixels(const WinogradSpec& spec, ConstView in, int plane) : data_(in.data), stride_(spec.stride) {
        for (int i = 0; i < kLanes; ++i) {
            // Behind the last one nobody looks.
            const int at = plane * kLanes + i, phase = at / spec.channels;
            const int y = phase / spec.stride, x = phase % spec.stride;
            const bool used = phase < spec.stride * spec.stride;
            y_[i] = used ? y : 0;
            x_[i] = used ? x : 0;
            offsets_[i] = used ? in.layout->plane_step() * (at % spec.channels) + y * in.layout->row_step() + x : 0;
        }
    }
    // A vector of pixels for each lane becomes one for each pixel.
    template <int Side>
    [[gnu::always_inline]] void row(std::ptrdiff_t offset, vec (&d)[Side]) const {
        if (stride_ == 1) {
            turned<1>(offset, d);
        } else {
            turned<2>(offset, d);
        }
    }
    // Whole vectors, of the last phase too; of wider strides no row lies so.
    static int reach(int side, int stride) {
        if (stride > 2) return std::numeric_limits<int>::max();
        return (side + kLanes - 1) / kLanes * kLanes * stride + stride - 1;
    }
    vec within(std::ptrdiff_t offset, int rows, int columns) const {
        vec found{};
        for (int i = 0; i < kLanes; ++i) {
            if (y_[i] < rows && x_[i] < columns) found[i] = data_[offset + offsets_[i]];
        }
        return found;
    }

  private:
    template <int Stride, int Side>
    [[gnu::always_inline]] void turned(std::ptrdiff_t offset, vec (&d)[Side]) const {
        for (int first = 0; first < Side; first += kLanes) {
            vec v[kLanes];
            for_lanes([&](auto i) {
                const float* p = data_ + offset + offsets_[i] + first * Stride;
                __builtin_prefetch(p + kAhead);
                v[i] = every(p, Stride);
            });
            transpose(v);
            for_lanes([&](auto i) {
                if (first + i < Side) d[first + i] = v[i];
            });
        }
    }

    // Floats to the next tiles' pixels: more rows than hardware follows.
    static constexpr int kAhead = 40;

    const float* data_;
    int stride_;
    std::ptrdiff_t offsets_[kLanes];
    int y_[kLanes], x_[kLanes];
};

// V of the tiles [first, first + count) for some of its planes, `room` tiles apart from plane to plane. The input has
// `Block` channels in a pixel.
template <int Side, int Block>
void transform_input(const WinogradSpec& spec, ConstView in, int first, int count, Range planes, int room, float* v) {
    const Layout& from = *in.layout;
    const int stride = spec.stride, m = spec.tile;
    const std::ptrdiff_t position = position_step(spec.planes, room);
    const std::ptrdiff_t down = stride * from.row_step(), right = stride * Block;
    for (int plane = planes.begin; plane < planes.end; ++plane) {
        const Pixels<Block> pixels(spec, in, plane);
        for (int n = 0; n < count; ++n) {
            const int top = (first + n) / spec.columns * m * stride - spec.top;
            const int left = (first + n) % spec.columns * m * stride - spec.left;
            const std::ptrdiff_t source = top * from.row_step() + left * Block;
            // Beyond the margins lie other values' floats; where a tile reaches there, it takes zeros.
            const int rows = from.height + spec.bottom - top, width = from.width + spec.right - left;
            const bool inside = rows >= Side * stride && width >= pixels.reach(Side, stride);
            vec half[Side][Side];
            for (int y = 0; y < Side; ++y) {
                vec d[Side];
                if (inside) {
                    pixels.row(source + y * down, d);
                } else {
                    for (int x = 0; x < Side; ++x) {
                        d[x] = pixels.within(source + y * down + x * right, rows - y * stride, width - x * stride);
                    }
                }
                transform_line(d, half[y]);
            }
            float* out = v + (static_cast<std::ptrdiff_t>(plane) * room + n) * kLanes;
            for (int x = 0; x < Side; ++x) {
                vec d[Side], t[Side];
                for (int y = 0; y < Side; ++y) d[y] = half[y][x];
                transform_line(d, t);
                for (int y = 0; y < Side; ++y) store(out + (y * Side + x) * position, t[y]);
            }
        }
    }
}

// Y of the same tiles for planes of the output, as far as they lie inside the image: `plane(i)` gives what puts one
// pixel, (at, other, sum), with its place in a plane of either layout. It holds all that a plane has in common: after a
// store nothing else would stay in registers.
template <int Side, int M, class Plane>
void transform_output(const WinogradSpec& spec, View out, const Layout& other, int first, int count, Range planes,
                      int room, const float* sums, Plane plane) {
    const Layout& to = *out.layout;
    const std::ptrdiff_t position = position_step(to.planes(), room);
    const std::ptrdiff_t down = to.row_step(), other_down = other.row_step();
    for (int i = planes.begin; i < planes.end; ++i) {
        const auto put = plane(i);
        const float* pixels = out.plane(i);
        for (int n = 0; n < count; ++n) {
            const int top = (first + n) / spec.columns * M, left = (first + n) % spec.columns * M;
            const float* in = sums + (static_cast<std::ptrdiff_t>(i) * room + n) * kLanes;
            // Stores would wait for lines that come from far.
            for (int y = 0; y < M; ++y) {
                const float* line = pixels + (top + y) * down + left * kLanes;
                for (int x = 0; x < M * kLanes; x += kLine) __builtin_prefetch(line + x, 1);
            }
            vec half[Side][M];
            for (int x = 0; x < Side; ++x) {
                vec t[Side];
                for (int y = 0; y < Side; ++y) t[y] = load(in + (y * Side + x) * position);
                transform_back(t, half[x]);
            }
            const int rows = to.height - top < M ? to.height - top : M;
            const int width = to.width - left < M ? to.width - left : M;
            for (int y = 0; y < rows; ++y) {
                vec t[Side], sum[M];
                for (int x = 0; x < Side; ++x) t[x] = half[x][y];
                transform_back(t, sum);
                const std::ptrdiff_t at = (top + y) * down + left * kLanes;
                const std::ptrdiff_t from = (top + y) * other_down + left * kLanes;
                if (width == M) {  // sums stay in registers
                    for (int x = 0; x < M; ++x) put(at + x * kLanes, from + x * kLanes, sum[x]);
                } else {
                    for (int x = 0; x < width; ++x) put(at + x * kLanes, from + x * kLanes, sum[x]);
                }
            }
        }
    }
}

}  // namespace NPAS_NAMESPACE
