// Winograd's convolutions F(2x2, 3x3), F(4x4, 3x3) and F(6x6, 3x3): Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks", over points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity.
//
// symbol  meaning                                                    here
// m       output pixels on a tile's side                             M
// d       input tile                                                 [M + 2][M + 2]
// U       G g G^T, the transformed weights                           [(M + 2)^2][groups][channels][rows]
// V       B^T d B, transformed tiles                                 [(M + 2)^2][planes][tiles][lanes]
// Y       A^T (sum over channels of U V) A, the output tile          [M][M]
#pragma once

#include <cstdint>

#include "npas/config.h"
#include "npas/description.h"
#include "npas/simd.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

class Run;

// What a kernel sees; the arrays are a LoadedWinograd's.
struct Winograd {
    const WinogradSpec* spec = nullptr;
    const float* weights = nullptr;         // U
    const float* bias = nullptr;            // filled up to whole groups
    const std::int32_t* offsets = nullptr;  // of every channel in V at one position
};

// One dimension of B^T d and of A^T m.
template <int M>
struct Transform;

template <>
struct Transform<2> {
    static void input(const vec* d, vec* t) {
        t[0] = d[0] - d[2];
        t[1] = d[1] + d[2];
        t[2] = d[2] - d[1];
        t[3] = d[1] - d[3];
    }
    static void output(const vec* t, vec* y) {
        y[0] = t[0] + t[1] + t[2];
        y[1] = t[1] - t[2] - t[3];
    }
};

template <>
struct Transform<4> {
    static void input(const vec* d, vec* t) {
        const vec a = fma(splat(-4.0f), d[2], d[4]), b = fma(splat(-4.0f), d[1], d[3]);
        const vec c = d[4] - d[2], e = splat(2.0f) * (d[3] - d[1]);
        t[0] = fma(splat(4.0f), d[0], fma(splat(-5.0f), d[2], d[4]));
        t[1] = a + b;
        t[2] = a - b;
        t[3] = c + e;
        t[4] = c - e;
        t[5] = fma(splat(4.0f), d[1], fma(splat(-5.0f), d[3], d[5]));
    }
    static void output(const vec* t, vec* y) {
        const vec s1 = t[1] + t[2], d1 = t[1] - t[2], s2 = t[3] + t[4], d2 = t[3] - t[4];
        y[0] = t[0] + s1 + s2;
        y[1] = fma(splat(2.0f), d2, d1);
        y[2] = fma(splat(4.0f), s2, s1);
        y[3] = fma(splat(8.0f), d2, d1) + t[5];
    }
};

template <>
struct Transform<6> {
    static void input(const vec* d, vec* t) {
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
    static void output(const vec* t, vec* y) {
        const vec s1 = t[1] + t[2], d1 = t[1] - t[2], s2 = t[3] + t[4], d2 = t[3] - t[4];
        const vec s3 = t[5] + t[6], d3 = t[5] - t[6];
        y[0] = t[0] + s1 + s2 + s3;
        y[1] = fma(splat(0.5f), d3, fma(splat(2.0f), d2, d1));
        y[2] = fma(splat(0.25f), s3, fma(splat(4.0f), s2, s1));
        y[3] = fma(splat(0.125f), d3, fma(splat(8.0f), d2, d1));
        y[4] = fma(splat(0.0625f), s3, fma(splat(16.0f), s2, s1));
        y[5] = fma(splat(0.03125f), d3, fma(splat(32.0f), d2, d1)) + t[7];
    }
};

// V of the tiles [first, first + count) for planes [begin, end) of the input, `room` tiles apart from plane to plane.
template <int M>
void transform_input(const WinogradSpec& spec, ConstView in, int first, int count, Range planes, int room, float* v) {
    constexpr int kSide = M + 2;
    const Layout& from = *in.layout;
    const std::ptrdiff_t position = static_cast<std::ptrdiff_t>(from.planes()) * room * kLanes;
    for (int plane = planes.begin; plane < planes.end; ++plane) {
        for (int n = 0; n < count; ++n) {
            const int top = (first + n) / spec.columns * M - spec.top;
            const int left = (first + n) % spec.columns * M - spec.left;
            const float* source = in.plane(plane) + top * from.row_step() + left * kLanes;
            // Beyond the margins lie other values' floats; where a tile reaches there, it takes zeros.
            const int rows = from.height + spec.bottom - top, width = from.width + spec.right - left;
            const bool inside = rows >= kSide && width >= kSide;
            vec half[kSide][kSide];  // [column][row]
            for (int x = 0; x < kSide; ++x) {
                vec d[kSide];
                for (int y = 0; y < kSide; ++y) {
                    const float* pixel = source + y * from.row_step() + x * kLanes;
                    d[y] = inside || (y < rows && x < width) ? load(pixel) : vec{};
                }
                Transform<M>::input(d, half[x]);
            }
            float* out = v + (static_cast<std::ptrdiff_t>(plane) * room + n) * kLanes;
            for (int y = 0; y < kSide; ++y) {
                vec d[kSide], t[kSide];
                for (int x = 0; x < kSide; ++x) d[x] = half[x][y];
                Transform<M>::input(d, t);
                for (int x = 0; x < kSide; ++x) store(out + (y * kSide + x) * position, t[x]);
            }
        }
    }
}

// Y of the same tiles for planes of the output; `put(plane, y, x, sum)` takes each pixel that lies inside the image.
template <int M, class Put>
void transform_output(const WinogradSpec& spec, const Layout& to, int first, int count, Range planes, int room,
                      int stored_planes, const float* sums, Put put) {
    constexpr int kSide = M + 2;
    const std::ptrdiff_t position = static_cast<std::ptrdiff_t>(stored_planes) * room * kLanes;
    for (int plane = planes.begin; plane < planes.end; ++plane) {
        for (int n = 0; n < count; ++n) {
            const int top = (first + n) / spec.columns * M, left = (first + n) % spec.columns * M;
            const float* in = sums + (static_cast<std::ptrdiff_t>(plane) * room + n) * kLanes;
            vec half[kSide][M];
            for (int x = 0; x < kSide; ++x) {
                vec t[kSide];
                for (int y = 0; y < kSide; ++y) t[y] = load(in + (y * kSide + x) * position);
                Transform<M>::output(t, half[x]);
            }
            const int rows = to.height - top < M ? to.height - top : M,
                      width = to.width - left < M ? to.width - left : M;
            for (int y = 0; y < rows; ++y) {
                vec t[kSide], sum[M];
                for (int x = 0; x < kSide; ++x) t[x] = half[x][y];
                Transform<M>::output(t, sum);
                for (int x = 0; x < width; ++x) put(plane, top + y, left + x, sum[x]);
            }
        }
    }
}

}  // namespace NPAS_NAMESPACE
