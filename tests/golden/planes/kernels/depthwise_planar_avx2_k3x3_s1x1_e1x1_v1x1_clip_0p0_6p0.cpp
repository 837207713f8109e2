// Depthwise convolution, pixels in lanes: 3x3, 1 vector walked down a plane.
#include "depthwise_planar_avx2_k3x3_s1x1_e1x1_v1x1_clip_0p0_6p0.h"

#include <type_traits>

#include "npas/functions.h"
#include "npas/indexed.h"
#include "npas/simd.h"

namespace npas_net {

namespace {

constexpr int kAcross = 1 * kLanes;

inline vec epilogue(vec x) {
    x = clip(x, 0.0f, 6.0f);
    return x;
}

// Of the first or the last vector of a row, the lanes under whose pixels a tap lies in the image: rows need no margins.
struct Edge {
    Edge(int first, int offset, int width) {
        for (int lane = 0; lane < kLanes; ++lane) {
            const int pixel = lane;
            const int column = (first + pixel) * 1 + offset;
            mask[lane] = column >= 0 && column < width ? -1 : 0;
        }
    }

    alignas(64) std::int32_t mask[kLanes];
};

struct Edges {
    explicit Edges(int width, int last)
        : left0(0, -1, width), right2(last, 1, width) {}

    Edge left0, right2;
};

// Of a plane.
struct Weights {
    explicit Weights(const float* w) {
        w0 = broadcast(w + 0);
        w1 = broadcast(w + 1);
        w2 = broadcast(w + 2);
        w3 = broadcast(w + 3);
        w4 = broadcast(w + 4);
        w5 = broadcast(w + 5);
        w6 = broadcast(w + 6);
        w7 = broadcast(w + 7);
        w8 = broadcast(w + 8);
    }

    vec w0, w1, w2, w3, w4, w5, w6, w7, w8;
};

// From some column on.
struct Plane {
    const float* in;
    std::ptrdiff_t row_step;
    int rows;  // of the input
    float* out;
    std::ptrdiff_t out_row_step;
    vec bias;
};

// All rows of the output.
struct Strips {
    Strips(int height, int rows_read, int top) : rows(height), line0(-top) {
        const int above = top - 2;
        inside.begin = above > 0 ? above : 0;
        const int below = rows_read - 2 - line0;
        inside.end = below > 0 ? below : 0;
    }

    int rows;
    int line0;  // of the input, under the first taps
    Range inside;  // the steps whose new rows of the input are in the image, of all strips
};

// Each vector of the input is multiplied for all rows whose windows it lies under.
template <bool First, bool Last>
[[gnu::always_inline]] inline void walk(const Plane& plane, const Strips& strips, const Weights& weights, const Edges& edges) {
    const auto in_image = [&](int line) { return static_cast<unsigned>(line) < static_cast<unsigned>(plane.rows); };
    const float* in0 = plane.in + strips.line0 * plane.row_step;
    float* out0 = plane.out;
    int line0 = strips.line0;
    vec s0r0a = plane.bias, s0r1a = plane.bias, s0r2a = plane.bias;
    if (in_image(line0)) {
        const float* x = in0;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        s0r0a = fma(weights.w0, x0a, s0r0a);
        vec x1a = load(x);
        s0r0a = fma(weights.w1, x1a, s0r0a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        s0r0a = fma(weights.w2, x2a, s0r0a);
    }
    if (in_image(line0 + 1)) {
        const float* x = in0 + plane.row_step;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        s0r0a = fma(weights.w3, x0a, s0r0a);
        s0r1a = fma(weights.w0, x0a, s0r1a);
        vec x1a = load(x);
        s0r0a = fma(weights.w4, x1a, s0r0a);
        s0r1a = fma(weights.w1, x1a, s0r1a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        s0r0a = fma(weights.w5, x2a, s0r0a);
        s0r1a = fma(weights.w2, x2a, s0r1a);
    }
    const auto step = [&](auto inside) __attribute__((always_inline)) {
        if (inside.value || in_image(line0 + 2)) {
            const float* x = in0 + 2 * plane.row_step;
            vec x0a = load(x - 1);
            if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
            s0r0a = fma(weights.w6, x0a, s0r0a);
            s0r1a = fma(weights.w3, x0a, s0r1a);
            s0r2a = fma(weights.w0, x0a, s0r2a);
            vec x1a = load(x);
            s0r0a = fma(weights.w7, x1a, s0r0a);
            s0r1a = fma(weights.w4, x1a, s0r1a);
            s0r2a = fma(weights.w1, x1a, s0r2a);
            vec x2a = load(x + 1);
            if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
            s0r0a = fma(weights.w8, x2a, s0r0a);
            s0r1a = fma(weights.w5, x2a, s0r1a);
            s0r2a = fma(weights.w2, x2a, s0r2a);
        }
        store(out0, epilogue(s0r0a));
        s0r0a = s0r1a;
        s0r1a = s0r2a;
        s0r2a = plane.bias;
        line0 += 1;
        in0 += plane.row_step;
        out0 += plane.out_row_step;
    };
    for (int row = 0; row < strips.rows; ++row) {
        if (row >= strips.inside.begin && row < strips.inside.end) {
            step(std::true_type{});
        } else {
            step(std::false_type{});
        }
    }
}

}  // namespace

void depthwise_planar_avx2_k3x3_s1x1_e1x1_v1x1_clip_0p0_6p0(const Depthwise& layer, View in, View out, Share share) {
    const Layout &from = *in.layout, &to = *out.layout;
    const Strips strips(to.height, from.height, layer.spec->top);
    const Edges edges(from.width, to.width - kLanes);
    const Range planes = slice(share, to.channels);
    for (int channel = planes.begin; channel < planes.end; ++channel) {
        const Weights weights(layer.weights + static_cast<std::ptrdiff_t>(channel) * 9);
        Plane plane = {
            in.plane(channel),
            from.row_step(),
            from.height,
            out.plane(channel),
            to.row_step(),
            broadcast(layer.bias + channel),
        };
        walk<true, false>(plane, strips, weights, edges);
        const auto to_column = [&](int by) {
            plane.in += by * 1;
            plane.out += by;
        };
        int column = kAcross;
        to_column(kAcross);
        for (; column + kAcross < to.width; column += kAcross) {
            walk<false, false>(plane, strips, weights, edges);
            to_column(kAcross);
        }
        to_column(to.width - kAcross - column);  // it ends with its row
        walk<false, true>(plane, strips, weights, edges);
    }
}

}  // namespace npas_net
