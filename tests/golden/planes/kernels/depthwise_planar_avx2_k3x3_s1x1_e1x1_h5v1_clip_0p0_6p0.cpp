// Depthwise convolution, pixels in lanes: 3x3, 5 rows of 1 vector in registers.
#include "depthwise_planar_avx2_k3x3_s1x1_e1x1_h5v1_clip_0p0_6p0.h"
#include "npas/functions.h"
#include "npas/indexed.h"
#include "npas/simd.h"

namespace npas_net {

namespace {

constexpr int kRows = 5;
constexpr int kTile = 1 * kLanes;

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

struct Tile {
    const float* in;  // under the output's first pixel, without padding on the left
    std::ptrdiff_t row_step;
    int first, height;  // row of the input under the first tap, and rows that there are
    float* out;
    std::ptrdiff_t out_row_step;
    vec bias;

    bool has(int row) const { return static_cast<unsigned>(first + row) < static_cast<unsigned>(height); }
};

// Of a plane, in registers.
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

// Each vector of the input is multiplied for all rows whose windows it lies under. Without a test where the tile is
// neither the first nor the last of its rows, or of its columns.
template <bool First, bool Last, bool Inside>
[[gnu::always_inline]] inline void compute(const Tile& tile, const Weights& weights, const Edges& edges) {
    vec a0a = tile.bias, a1a = tile.bias, a2a = tile.bias, a3a = tile.bias, a4a = tile.bias;
    if (Inside || tile.has(0)) {
        const float* x = tile.in;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        a0a = fma(weights.w0, x0a, a0a);
        vec x1a = load(x);
        a0a = fma(weights.w1, x1a, a0a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        a0a = fma(weights.w2, x2a, a0a);
    }
    if (Inside || tile.has(1)) {
        const float* x = tile.in + 1 * tile.row_step;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        a0a = fma(weights.w3, x0a, a0a);
        a1a = fma(weights.w0, x0a, a1a);
        vec x1a = load(x);
        a0a = fma(weights.w4, x1a, a0a);
        a1a = fma(weights.w1, x1a, a1a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        a0a = fma(weights.w5, x2a, a0a);
        a1a = fma(weights.w2, x2a, a1a);
    }
    if (Inside || tile.has(2)) {
        const float* x = tile.in + 2 * tile.row_step;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        a0a = fma(weights.w6, x0a, a0a);
        a1a = fma(weights.w3, x0a, a1a);
        a2a = fma(weights.w0, x0a, a2a);
        vec x1a = load(x);
        a0a = fma(weights.w7, x1a, a0a);
        a1a = fma(weights.w4, x1a, a1a);
        a2a = fma(weights.w1, x1a, a2a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        a0a = fma(weights.w8, x2a, a0a);
        a1a = fma(weights.w5, x2a, a1a);
        a2a = fma(weights.w2, x2a, a2a);
    }
    if (Inside || tile.has(3)) {
        const float* x = tile.in + 3 * tile.row_step;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        a1a = fma(weights.w6, x0a, a1a);
        a2a = fma(weights.w3, x0a, a2a);
        a3a = fma(weights.w0, x0a, a3a);
        vec x1a = load(x);
        a1a = fma(weights.w7, x1a, a1a);
        a2a = fma(weights.w4, x1a, a2a);
        a3a = fma(weights.w1, x1a, a3a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        a1a = fma(weights.w8, x2a, a1a);
        a2a = fma(weights.w5, x2a, a2a);
        a3a = fma(weights.w2, x2a, a3a);
    }
    if (Inside || tile.has(4)) {
        const float* x = tile.in + 4 * tile.row_step;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        a2a = fma(weights.w6, x0a, a2a);
        a3a = fma(weights.w3, x0a, a3a);
        a4a = fma(weights.w0, x0a, a4a);
        vec x1a = load(x);
        a2a = fma(weights.w7, x1a, a2a);
        a3a = fma(weights.w4, x1a, a3a);
        a4a = fma(weights.w1, x1a, a4a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        a2a = fma(weights.w8, x2a, a2a);
        a3a = fma(weights.w5, x2a, a3a);
        a4a = fma(weights.w2, x2a, a4a);
    }
    if (Inside || tile.has(5)) {
        const float* x = tile.in + 5 * tile.row_step;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        a3a = fma(weights.w6, x0a, a3a);
        a4a = fma(weights.w3, x0a, a4a);
        vec x1a = load(x);
        a3a = fma(weights.w7, x1a, a3a);
        a4a = fma(weights.w4, x1a, a4a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        a3a = fma(weights.w8, x2a, a3a);
        a4a = fma(weights.w5, x2a, a4a);
    }
    if (Inside || tile.has(6)) {
        const float* x = tile.in + 6 * tile.row_step;
        vec x0a = load(x - 1);
        if constexpr (First) x0a = keep(x0a, load(edges.left0.mask));
        a4a = fma(weights.w6, x0a, a4a);
        vec x1a = load(x);
        a4a = fma(weights.w7, x1a, a4a);
        vec x2a = load(x + 1);
        if constexpr (Last) x2a = keep(x2a, load(edges.right2.mask));
        a4a = fma(weights.w8, x2a, a4a);
    }
    store(tile.out, epilogue(a0a));
    store(tile.out + tile.out_row_step, epilogue(a1a));
    store(tile.out + 2 * tile.out_row_step, epilogue(a2a));
    store(tile.out + 3 * tile.out_row_step, epilogue(a3a));
    store(tile.out + 4 * tile.out_row_step, epilogue(a4a));
}

template <bool Inside>
[[gnu::always_inline]] inline void compute_row(Tile tile, const Weights& weights, const Edges& edges, int columns) {
    const auto to_column = [&](int by) {
        tile.in += by * kTile * 1;
        tile.out += by * kTile;
    };
    to_column(columns - 1);
    compute<false, true, Inside>(tile, weights, edges);
    for (int column = columns - 2; column > 0; --column) {
        to_column(-1);
        compute<false, false, Inside>(tile, weights, edges);
    }
    to_column(-1);
    compute<true, false, Inside>(tile, weights, edges);
}

}  // namespace

// Rows from the top down, the last ones perhaps twice, and in these tiles from the right: the end of a row's last vector
// lies where the next row begins, which is written later.
void depthwise_planar_avx2_k3x3_s1x1_e1x1_h5v1_clip_0p0_6p0(const Depthwise& layer, View in, View out, Share share) {
    const Layout &from = *in.layout, &to = *out.layout;
    const int columns = (to.width + kTile - 1) / kTile;
    const Edges edges(from.width, (to.width - 1) / kLanes * kLanes);
    const Range planes = slice(share, to.channels);
    for (int plane = planes.begin; plane < planes.end; ++plane) {
        const Weights weights(layer.weights + static_cast<std::ptrdiff_t>(plane) * 9);
        for (int next = 0; next < to.height; next += kRows) {
            const int y = next + kRows < to.height ? next : to.height - kRows;
            const int first = y * 1 - layer.spec->top;
            const Tile tile = {
                in.plane(plane) + first * from.row_step(),
                from.row_step(),
                first,
                from.height,
                out.plane(plane) + y * to.row_step(),
                to.row_step(),
                broadcast(layer.bias + plane),
            };
            if (tile.has(0) && tile.has(6)) {
                compute_row<true>(tile, weights, edges, columns);
            } else {
                compute_row<false>(tile, weights, edges, columns);
            }
        }
    }
}

}  // namespace npas_net
