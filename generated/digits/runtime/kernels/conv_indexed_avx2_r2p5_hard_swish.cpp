// Convolution over lists of kept positions: 2 filters x 5 vectors of pixels in registers.
#include "conv_indexed_avx2_r2p5_hard_swish.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace npas_digits {

namespace {

constexpr int kRows = 2;
constexpr int kTile = 5 * kLanes;

inline vec epilogue(vec x) {
    x = hard_swish(x);
    return x;
}

struct Tile {
    const float* in;
    float* out;
    const std::int32_t* mask;
    int plane;
};

// One group's filters on one tile, over list entries [begin, end). Sums of earlier channel blocks lie in `out`
// where this is not the `first`; bias and epilogue wait for the `last`: small terms added to a large bias one by one
// would lose more.
void group_on_tile(const Tile& tile, const Indexed& conv, int group, std::int32_t begin, std::int32_t end,
                   const float* weights, bool first, bool last) {
    const std::int32_t* row = conv.rows + group * kRows;
    const float* bias = conv.bias + group * kRows;
    const std::int32_t* offsets = conv.offsets;
    const std::ptrdiff_t plane = tile.plane;
    float* out0 = row[0] < 0 ? nullptr : tile.out + row[0] * plane;
    float* out1 = row[1] < 0 ? nullptr : tile.out + row[1] * plane;
    vec a0a, a0b, a0c, a0d, a0e;
    vec a1a, a1b, a1c, a1d, a1e;
    if (first || out0 == nullptr) {
        a0a = a0b = a0c = a0d = a0e = vec{};
    } else {
        a0a = load(out0 + 0 * kLanes);
        a0b = load(out0 + 1 * kLanes);
        a0c = load(out0 + 2 * kLanes);
        a0d = load(out0 + 3 * kLanes);
        a0e = load(out0 + 4 * kLanes);
    }
    if (first || out1 == nullptr) {
        a1a = a1b = a1c = a1d = a1e = vec{};
    } else {
        a1a = load(out1 + 0 * kLanes);
        a1b = load(out1 + 1 * kLanes);
        a1c = load(out1 + 2 * kLanes);
        a1d = load(out1 + 3 * kLanes);
        a1e = load(out1 + 4 * kLanes);
    }
    for (std::int32_t k = begin; k < end; ++k, weights += kRows) {
        const float* x = tile.in + offsets[k];
        const vec xa = load(x + 0 * kLanes);
        const vec xb = load(x + 1 * kLanes);
        const vec xc = load(x + 2 * kLanes);
        const vec xd = load(x + 3 * kLanes);
        const vec xe = load(x + 4 * kLanes);
        const vec w0 = broadcast(weights + 0);
        a0a = fma(w0, xa, a0a);
        a0b = fma(w0, xb, a0b);
        a0c = fma(w0, xc, a0c);
        a0d = fma(w0, xd, a0d);
        a0e = fma(w0, xe, a0e);
        const vec w1 = broadcast(weights + 1);
        a1a = fma(w1, xa, a1a);
        a1b = fma(w1, xb, a1b);
        a1c = fma(w1, xc, a1c);
        a1d = fma(w1, xd, a1d);
        a1e = fma(w1, xe, a1e);
    }
    if (out0 != nullptr) {
        if (last) {
            a0a = keep(epilogue(a0a + broadcast(bias + 0)), load(tile.mask + 0 * kLanes));
            a0b = keep(epilogue(a0b + broadcast(bias + 0)), load(tile.mask + 1 * kLanes));
            a0c = keep(epilogue(a0c + broadcast(bias + 0)), load(tile.mask + 2 * kLanes));
            a0d = keep(epilogue(a0d + broadcast(bias + 0)), load(tile.mask + 3 * kLanes));
            a0e = keep(epilogue(a0e + broadcast(bias + 0)), load(tile.mask + 4 * kLanes));
        }
        store(out0 + 0 * kLanes, a0a);
        store(out0 + 1 * kLanes, a0b);
        store(out0 + 2 * kLanes, a0c);
        store(out0 + 3 * kLanes, a0d);
        store(out0 + 4 * kLanes, a0e);
    }
    if (out1 != nullptr) {
        if (last) {
            a1a = keep(epilogue(a1a + broadcast(bias + 1)), load(tile.mask + 0 * kLanes));
            a1b = keep(epilogue(a1b + broadcast(bias + 1)), load(tile.mask + 1 * kLanes));
            a1c = keep(epilogue(a1c + broadcast(bias + 1)), load(tile.mask + 2 * kLanes));
            a1d = keep(epilogue(a1d + broadcast(bias + 1)), load(tile.mask + 3 * kLanes));
            a1e = keep(epilogue(a1e + broadcast(bias + 1)), load(tile.mask + 4 * kLanes));
        }
        store(out1 + 0 * kLanes, a1a);
        store(out1 + 1 * kLanes, a1b);
        store(out1 + 2 * kLanes, a1c);
        store(out1 + 3 * kLanes, a1d);
        store(out1 + 4 * kLanes, a1e);
    }
}

}  // namespace

// Tiles outside, channel blocks and groups inside, a few tiles at a time: the tiles' input stays in the nearest
// cache while every group of filters passes over it.
void conv_indexed_avx2_r2p5_hard_swish(const Indexed& conv, View in, View out, Share share) {
    const Range groups = conv.groups_of(share), tiles = conv.tiles_of(share);
    const int blocks = conv.channel_blocks;
    for (int start = tiles.begin; start < tiles.end; start += conv.spec->tiles_at_a_time) {
        const int most = start + conv.spec->tiles_at_a_time, stop = most < tiles.end ? most : tiles.end;
        for (int block = 0; block < blocks; ++block) {
            for (int group = groups.begin; group < groups.end; ++group) {
                const std::int32_t* bounds = conv.bounds + static_cast<std::ptrdiff_t>(group) * (blocks + 1);
                const bool first = block == 0, last = block + 1 == blocks;
                if (bounds[block] == bounds[block + 1] && !first && !last) continue;
                const float* weights = conv.weights + conv.first_weight[group] +
                                       static_cast<std::ptrdiff_t>(bounds[block] - bounds[0]) * kRows;
                for (int t = start; t < stop; ++t) {
                    const std::ptrdiff_t pixel = static_cast<std::ptrdiff_t>(t) * kTile;
                    const Tile tile = {in.data + pixel, out.data + pixel, conv.mask + pixel, out.layout->plane};
                    group_on_tile(tile, conv, group, bounds[block], bounds[block + 1], weights, first, last);
                }
            }
        }
    }
    if (conv.spec->split_pixels && share.thread != 0) return;  // one thread clears the margins
    for (int i = groups.begin * kRows; i < groups.end * kRows; ++i) {
        const std::int32_t row = conv.rows[i];
        if (row >= 0) clear_margins(out, row, conv.spec->tiles * kTile);
    }
}

}  // namespace npas_digits
