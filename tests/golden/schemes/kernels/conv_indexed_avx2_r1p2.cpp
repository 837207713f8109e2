// Convolution over lists of kept positions: 1 filter x 2 vectors of pixels in registers.
#include "conv_indexed_avx2_r1p2.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace npas_net {

namespace {

constexpr int kRows = 1;
constexpr int kTile = 2 * kLanes;

inline vec epilogue(vec x) {
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
    float* out0 = tile.out + row[0] * plane;
    vec a0a, a0b;
    if (first) {
        a0a = a0b = vec{};
    } else {
        a0a = load(out0 + 0 * kLanes);
        a0b = load(out0 + 1 * kLanes);
    }
    for (std::int32_t k = begin; k < end; ++k, weights += kRows) {
        const float* x = tile.in + offsets[k];
        const vec w = broadcast(weights);
        a0a = fma(w, load(x + 0 * kLanes), a0a);
        a0b = fma(w, load(x + 1 * kLanes), a0b);
    }
    if (last) {
        a0a = keep(epilogue(a0a + broadcast(bias)), load(tile.mask + 0 * kLanes));
        a0b = keep(epilogue(a0b + broadcast(bias)), load(tile.mask + 1 * kLanes));
    }
    store(out0 + 0 * kLanes, a0a);
    store(out0 + 1 * kLanes, a0b);
}

}  // namespace

// Tiles outside, channel blocks and groups inside, a few tiles at a time: the tiles' input stays in the nearest
// cache while every group of filters passes over it.
void conv_indexed_avx2_r1p2(const Indexed& conv, View in, View out, Share share) {
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

}  // namespace npas_net
