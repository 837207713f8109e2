// Convolution over lists of kept positions: 4 filters x 3 vectors of pixels in registers.
#include "conv_indexed_avx2_r4p3_hard_swish.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace npas_digits {

namespace {

constexpr int kRows = 4;
constexpr int kTile = 3 * kLanes;

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
    float* out2 = row[2] < 0 ? nullptr : tile.out + row[2] * plane;
    float* out3 = row[3] < 0 ? nullptr : tile.out + row[3] * plane;
    vec a0a, a0b, a0c;
    vec a1a, a1b, a1c;
    vec a2a, a2b, a2c;
    vec a3a, a3b, a3c;
    if (first || out0 == nullptr) {
        a0a = a0b = a0c = vec{};
    } else {
        a0a = load(out0 + 0 * kLanes);
        a0b = load(out0 + 1 * kLanes);
        a0c = load(out0 + 2 * kLanes);
    }
    if (first || out1 == nullptr) {
        a1a = a1b = a1c = vec{};
    } else {
        a1a = load(out1 + 0 * kLanes);
        a1b = load(out1 + 1 * kLanes);
        a1c = load(out1 + 2 * kLanes);
    }
    if (first || out2 == nullptr) {
        a2a = a2b = a2c = vec{};
    } else {
        a2a = load(out2 + 0 * kLanes);
        a2b = load(out2 + 1 * kLanes);
        a2c = load(out2 + 2 * kLanes);
    }
    if (first || out3 == nullptr) {
        a3a = a3b = a3c = vec{};
    } else {
        a3a = load(out3 + 0 * kLanes);
        a3b = load(out3 + 1 * kLanes);
        a3c = load(out3 + 2 * kLanes);
    }
    for (std::int32_t k = begin; k < end; ++k, weights += kRows) {
        const float* x = tile.in + offsets[k];
        const vec xa = load(x + 0 * kLanes);
        const vec xb = load(x + 1 * kLanes);
        const vec xc = load(x + 2 * kLanes);
        const vec w0 = broadcast(weights + 0);
        a0a = fma(w0, xa, a0a);
        a0b = fma(w0, xb, a0b);
        a0c = fma(w0, xc, a0c);
        const vec w1 = broadcast(weights + 1);
        a1a = fma(w1, xa, a1a);
        a1b = fma(w1, xb, a1b);
        a1c = fma(w1, xc, a1c);
        const vec w2 = broadcast(weights + 2);
        a2a = fma(w2, xa, a2a);
        a2b = fma(w2, xb, a2b);
        a2c = fma(w2, xc, a2c);
        const vec w3 = broadcast(weights + 3);
        a3a = fma(w3, xa, a3a);
        a3b = fma(w3, xb, a3b);
        a3c = fma(w3, xc, a3c);
    }
    if (out0 != nullptr) {
        if (last) {
            a0a = keep(epilogue(a0a + broadcast(bias + 0)), load(tile.mask + 0 * kLanes));
            a0b = keep(epilogue(a0b + broadcast(bias + 0)), load(tile.mask + 1 * kLanes));
            a0c = keep(epilogue(a0c + broadcast(bias + 0)), load(tile.mask + 2 * kLanes));
        }
        store(out0 + 0 * kLanes, a0a);
        store(out0 + 1 * kLanes, a0b);
        store(out0 + 2 * kLanes, a0c);
    }
    if (out1 != nullptr) {
        if (last) {
            a1a = keep(epilogue(a1a + broadcast(bias + 1)), load(tile.mask + 0 * kLanes));
            a1b = keep(epilogue(a1b + broadcast(bias + 1)), load(tile.mask + 1 * kLanes));
            a1c = keep(epilogue(a1c + broadcast(bias + 1)), load(tile.mask + 2 * kLanes));
        }
        store(out1 + 0 * kLanes, a1a);
        store(out1 + 1 * kLanes, a1b);
        store(out1 + 2 * kLanes, a1c);
    }
    if (out2 != nullptr) {
        if (last) {
            a2a = keep(epilogue(a2a + broadcast(bias + 2)), load(tile.mask + 0 * kLanes));
            a2b = keep(epilogue(a2b + broadcast(bias + 2)), load(tile.mask + 1 * kLanes));
            a2c = keep(epilogue(a2c + broadcast(bias + 2)), load(tile.mask + 2 * kLanes));
        }
        store(out2 + 0 * kLanes, a2a);
        store(out2 + 1 * kLanes, a2b);
        store(out2 + 2 * kLanes, a2c);
    }
    if (out3 != nullptr) {
        if (last) {
            a3a = keep(epilogue(a3a + broadcast(bias + 3)), load(tile.mask + 0 * kLanes));
            a3b = keep(epilogue(a3b + broadcast(bias + 3)), load(tile.mask + 1 * kLanes));
            a3c = keep(epilogue(a3c + broadcast(bias + 3)), load(tile.mask + 2 * kLanes));
        }
        store(out3 + 0 * kLanes, a3a);
        store(out3 + 1 * kLanes, a3b);
        store(out3 + 2 * kLanes, a3c);
    }
}

}  // namespace

// Tiles outside, channel blocks and groups inside, a few tiles at a time: the tiles' input stays in the nearest
// cache while every group of filters passes over it.
void conv_indexed_avx2_r4p3_hard_swish(const Indexed& conv, View in, View out, Share share) {
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
