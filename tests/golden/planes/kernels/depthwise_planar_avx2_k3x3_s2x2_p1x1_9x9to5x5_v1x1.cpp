// Depthwise convolution, pixels in lanes: 3x3, 1 vector walked down a plane.
#include "npas/few_registers.h"

#include "depthwise_planar_avx2_k3x3_s2x2_p1x1_9x9to5x5_v1x1.h"

#include <type_traits>

#include "npas/functions.h"
#include "npas/indexed.h"
#include "npas/simd.h"

namespace npas_net {

namespace {

inline vec epilogue(vec x) {
    return x;
}

// Of the first or the last vector of a row, the lanes under whose pixels a tap lies in the image: rows need no margins.
struct Edge {
    Edge(int first, int offset) {
        for (int lane = 0; lane < kLanes; ++lane) {
            const int pixel = lane / 4 * 2 + lane % 2 + (lane % 4 < 2 ? 0 : kLanes / 2);  // as evens_of_fours puts them
            const int column = (first + pixel) * 2 + offset;
            mask[lane] = column >= 0 && column < 9 ? -1 : 0;
        }
    }

    alignas(64) std::int32_t mask[kLanes];
};

struct Edges {
    Edge left0{0, -1};
    Edge right2{0, 1};
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

struct Plane {
    const float* in;
    std::ptrdiff_t row_step;
    float* out;
    std::ptrdiff_t out_row_step;
    vec bias;
};

// Down a plane from some column on. Each vector of the input is multiplied for all rows of the output whose windows it
// lies under.
template <bool First, bool Last>
[[gnu::always_inline]] inline void walk(const Plane& plane, int column, const Weights& weights, const Edges& edges) {
    // Rows 0 to 4.
    const float* in0 = plane.in + column * 2 - plane.row_step;
    float* out0 = plane.out + column;
    vec s0r0a = plane.bias, s0r1a = plane.bias;
    const auto step = [&](auto inside, [[maybe_unused]] int row) __attribute__((always_inline)) {
        [[maybe_unused]] const auto has = [](int line) { return static_cast<unsigned>(line) < 9; };
        if (inside.value || has(row * 2)) {
            const float* x = in0 + plane.row_step;
            const vec p0a = load(x - 2), q0a = load(x + kLanes - 2);
            const vec p2a = load(x), q2a = load(x + kLanes);
            vec x0a = odds_of_fours(p0a, q0a);
            if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
            s0r0a = fma(weights.w3, x0a, s0r0a);
            vec x1a = evens_of_fours(p2a, q2a);
            s0r0a = fma(weights.w4, x1a, s0r0a);
            vec x2a = odds_of_fours(p2a, q2a);
            if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
            s0r0a = fma(weights.w5, x2a, s0r0a);
        }
        if (inside.value || has(row * 2 + 1)) {
            const float* x = in0 + 2 * plane.row_step;
            const vec p0a = load(x - 2), q0a = load(x + kLanes - 2);
            const vec p2a = load(x), q2a = load(x + kLanes);
            vec x0a = odds_of_fours(p0a, q0a);
            if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
            s0r0a = fma(weights.w6, x0a, s0r0a);
            s0r1a = fma(weights.w0, x0a, s0r1a);
            vec x1a = evens_of_fours(p2a, q2a);
            s0r0a = fma(weights.w7, x1a, s0r0a);
            s0r1a = fma(weights.w1, x1a, s0r1a);
            vec x2a = odds_of_fours(p2a, q2a);
            if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
            s0r0a = fma(weights.w8, x2a, s0r0a);
            s0r1a = fma(weights.w2, x2a, s0r1a);
        }
        store(out0, epilogue(ordered_pairs(s0r0a)));
        s0r0a = s0r1a;
        s0r1a = plane.bias;
        in0 += 2 * plane.row_step;
        out0 += plane.out_row_step;
    };
    for (int row = 0; row < 5; ++row) {
        if (row < 4) {
            step(std::true_type{}, row);
        } else {
            step(std::false_type{}, row);
        }
    }
}

}  // namespace

void depthwise_planar_avx2_k3x3_s2x2_p1x1_9x9to5x5_v1x1(const Depthwise& layer, View in, View out, Share share) {
    const Layout &from = *in.layout, &to = *out.layout;
    const Edges edges;
    const Range planes = slice(share, to.channels);
    for (int channel = planes.begin; channel < planes.end; ++channel) {
        const Weights weights(layer.weights + static_cast<std::ptrdiff_t>(channel) * 9);
        const Plane plane = {
            in.plane(channel),
            from.row_step(),
            out.plane(channel),
            to.row_step(),
            broadcast(layer.bias + channel),
        };
        walk<true, true>(plane, 0, weights, edges);
    }
}

}  // namespace npas_net
