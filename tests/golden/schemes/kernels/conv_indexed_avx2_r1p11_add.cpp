// Convolution over lists of kept positions: 1 filter x 11 vectors of pixels in registers.
#include "conv_indexed_avx2_r1p11_add.h"
#include "npas/indexed.h"
#include "npas/simd.h"

namespace npas_net {

namespace {

constexpr int kRows = 1;
constexpr int kTile = 11 * kLanes;

inline vec epilogue(vec x, vec residual) {
    x = x + residual;
    return x;
}

struct Tile {
    const float* in;
    float* out;
    const float* residual;
    int residual_plane;
    const std::int32_t* mask;
    int plane;
};

// One group's filters on one tile, over list entries [begin, end). Sums of earlier channel blocks lie in `out`
// where this is not the `first`; the epilogue waits for the `last`.
void group_on_tile(const Tile& tile, const Indexed& conv, int group, std::int32_t begin, std::int32_t end,
                   const float* weights, bool first, bool last) {
    const std::int32_t* row = conv.rows + group * kRows;
    const float* bias = conv.bias + group * kRows;
    const std::int32_t* offsets = conv.offsets;
    const std::ptrdiff_t plane = tile.plane;
    float* out0 = tile.out + row[0] * plane;
    vec a0a, a0b, a0c, a0d, a0e, a0f, a0g, a0h, a0i, a0j, a0k;
    if (first) {
        a0a = a0b = a0c = a0d = a0e = a0f = a0g = a0h = a0i = a0j = a0k = broadcast(bias + 0);
    } else {
        a0a = load(out0 + 0 * kLanes);
        a0b = load(out0 + 1 * kLanes);
        a0c = load(out0 + 2 * kLanes);
        a0d = load(out0 + 3 * kLanes);
        a0e = load(out0 + 4 * kLanes);
        a0f = load(out0 + 5 * kLanes);
        a0g = load(out0 + 6 * kLanes);
        a0h = load(out0 + 7 * kLanes);
        a0i = load(out0 + 8 * kLanes);
        a0j = load(out0 + 9 * kLanes);
        a0k = load(out0 + 10 * kLanes);
    }
    for (std::int32_t k = begin; k < end; ++k, weights += kRows) {
        const float* x = tile.in + offsets[k];
        const vec w = broadcast(weights);
        a0a = fma(w, load(x + 0 * kLanes), a0a);
        a0b = fma(w, load(x + 1 * kLanes), a0b);
        a0c = fma(w, load(x + 2 * kLanes), a0c);
        a0d = fma(w, load(x + 3 * kLanes), a0d);
        a0e = fma(w, load(x + 4 * kLanes), a0e);
        a0f = fma(w, load(x + 5 * kLanes), a0f);
        a0g = fma(w, load(x + 6 * kLanes), a0g);
        a0h = fma(w, load(x + 7 * kLanes), a0h);
        a0i = fma(w, load(x + 8 * kLanes), a0i);
        a0j = fma(w, load(x + 9 * kLanes), a0j);
        a0k = fma(w, load(x + 10 * kLanes), a0k);
    }
    if (last) {
        const float* residual = tile.residual + static_cast<std::ptrdiff_t>(row[0]) * tile.residual_plane;
        a0a = keep(epilogue(a0a, load(residual + 0 * kLanes)), load(tile.mask + 0 * kLanes));
        a0b = keep(epilogue(a0b, load(residual + 1 * kLanes)), load(tile.mask + 1 * kLanes));
        a0c = keep(epilogue(a0c, load(residual + 2 * kLanes)), load(tile.mask + 2 * kLanes));
        a0d = keep(epilogue(a0d, load(residual + 3 * kLanes)), load(tile.mask + 3 * kLanes));
        a0e = keep(epilogue(a0e, load(residual + 4 * kLanes)), load(tile.mask + 4 * kLanes));
        a0f = keep(epilogue(a0f, load(residual + 5 * kLanes)), load(tile.mask + 5 * kLanes));
        a0g = keep(epilogue(a0g, load(residual + 6 * kLanes)), load(tile.mask + 6 * kLanes));
        a0h = keep(epilogue(a0h, load(residual + 7 * kLanes)), load(tile.mask + 7 * kLanes));
        a0i = keep(epilogue(a0i, load(residual + 8 * kLanes)), load(tile.mask + 8 * kLanes));
        a0j = keep(epilogue(a0j, load(residual + 9 * kLanes)), load(tile.mask + 9 * kLanes));
        a0k = keep(epilogue(a0k, load(residual + 10 * kLanes)), load(tile.mask + 10 * kLanes));
    }
    store(out0 + 0 * kLanes, a0a);
    store(out0 + 1 * kLanes, a0b);
    store(out0 + 2 * kLanes, a0c);
    store(out0 + 3 * kLanes, a0d);
    store(out0 + 4 * kLanes, a0e);
    store(out0 + 5 * kLanes, a0f);
    store(out0 + 6 * kLanes, a0g);
    store(out0 + 7 * kLanes, a0h);
    store(out0 + 8 * kLanes, a0i);
    store(out0 + 9 * kLanes, a0j);
    store(out0 + 10 * kLanes, a0k);
}

}  // namespace

// Tiles outside, channel blocks and groups inside, a few tiles at a time: the tiles' input stays in the nearest
// cache while every group of filters passes over it.
void conv_indexed_avx2_r1p11_add(const Indexed& conv, View in, View out, View residual, Share share) {
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
                    const Tile tile = {in.data + pixel,        out.data + pixel,  residual.data + pixel,
                                       residual.layout->plane, conv.mask + pixel, out.layout->plane};
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
