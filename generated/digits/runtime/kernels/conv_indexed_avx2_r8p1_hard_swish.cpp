// Convolution over lists of kept positions: 8 filters x 1 vector of pixels in registers.
#include "kernels.h"
#include "npas/indexed.h"
#include "npas/simd.h"

namespace npas_digits {

namespace {

constexpr int kRows = 8;
constexpr int kTile = 1 * kLanes;

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
// where this is not the `first`; the epilogue waits for the `last`.
void group_on_tile(const Tile& tile, const Indexed& conv, int group, std::int32_t begin, std::int32_t end,
                   const float* weights, bool first, bool last) {
    const std::int32_t* row = conv.rows.data() + group * kRows;
    const float* bias = conv.bias.data() + group * kRows;
    const std::int32_t* offsets = conv.offsets.data();
    const std::ptrdiff_t plane = tile.plane;
    float* out0 = row[0] < 0 ? nullptr : tile.out + row[0] * plane;
    float* out1 = row[1] < 0 ? nullptr : tile.out + row[1] * plane;
    float* out2 = row[2] < 0 ? nullptr : tile.out + row[2] * plane;
    float* out3 = row[3] < 0 ? nullptr : tile.out + row[3] * plane;
    float* out4 = row[4] < 0 ? nullptr : tile.out + row[4] * plane;
    float* out5 = row[5] < 0 ? nullptr : tile.out + row[5] * plane;
    float* out6 = row[6] < 0 ? nullptr : tile.out + row[6] * plane;
    float* out7 = row[7] < 0 ? nullptr : tile.out + row[7] * plane;
    vec a0a;
    vec a1a;
    vec a2a;
    vec a3a;
    vec a4a;
    vec a5a;
    vec a6a;
    vec a7a;
    if (first || out0 == nullptr) {
        a0a = broadcast(bias + 0);
    } else {
        a0a = load(out0 + 0 * kLanes);
    }
    if (first || out1 == nullptr) {
        a1a = broadcast(bias + 1);
    } else {
        a1a = load(out1 + 0 * kLanes);
    }
    if (first || out2 == nullptr) {
        a2a = broadcast(bias + 2);
    } else {
        a2a = load(out2 + 0 * kLanes);
    }
    if (first || out3 == nullptr) {
        a3a = broadcast(bias + 3);
    } else {
        a3a = load(out3 + 0 * kLanes);
    }
    if (first || out4 == nullptr) {
        a4a = broadcast(bias + 4);
    } else {
        a4a = load(out4 + 0 * kLanes);
    }
    if (first || out5 == nullptr) {
        a5a = broadcast(bias + 5);
    } else {
        a5a = load(out5 + 0 * kLanes);
    }
    if (first || out6 == nullptr) {
        a6a = broadcast(bias + 6);
    } else {
        a6a = load(out6 + 0 * kLanes);
    }
    if (first || out7 == nullptr) {
        a7a = broadcast(bias + 7);
    } else {
        a7a = load(out7 + 0 * kLanes);
    }
    for (std::int32_t k = begin; k < end; ++k, weights += kRows) {
        const float* x = tile.in + offsets[k];
        const vec xa = load(x + 0 * kLanes);
        const vec w0 = broadcast(weights + 0);
        a0a = fma(w0, xa, a0a);
        const vec w1 = broadcast(weights + 1);
        a1a = fma(w1, xa, a1a);
        const vec w2 = broadcast(weights + 2);
        a2a = fma(w2, xa, a2a);
        const vec w3 = broadcast(weights + 3);
        a3a = fma(w3, xa, a3a);
        const vec w4 = broadcast(weights + 4);
        a4a = fma(w4, xa, a4a);
        const vec w5 = broadcast(weights + 5);
        a5a = fma(w5, xa, a5a);
        const vec w6 = broadcast(weights + 6);
        a6a = fma(w6, xa, a6a);
        const vec w7 = broadcast(weights + 7);
        a7a = fma(w7, xa, a7a);
    }
    if (out0 != nullptr) {
        if (last) {
            a0a = keep(epilogue(a0a), load(tile.mask + 0 * kLanes));
        }
        store(out0 + 0 * kLanes, a0a);
    }
    if (out1 != nullptr) {
        if (last) {
            a1a = keep(epilogue(a1a), load(tile.mask + 0 * kLanes));
        }
        store(out1 + 0 * kLanes, a1a);
    }
    if (out2 != nullptr) {
        if (last) {
            a2a = keep(epilogue(a2a), load(tile.mask + 0 * kLanes));
        }
        store(out2 + 0 * kLanes, a2a);
    }
    if (out3 != nullptr) {
        if (last) {
            a3a = keep(epilogue(a3a), load(tile.mask + 0 * kLanes));
        }
        store(out3 + 0 * kLanes, a3a);
    }
    if (out4 != nullptr) {
        if (last) {
            a4a = keep(epilogue(a4a), load(tile.mask + 0 * kLanes));
        }
        store(out4 + 0 * kLanes, a4a);
    }
    if (out5 != nullptr) {
        if (last) {
            a5a = keep(epilogue(a5a), load(tile.mask + 0 * kLanes));
        }
        store(out5 + 0 * kLanes, a5a);
    }
    if (out6 != nullptr) {
        if (last) {
            a6a = keep(epilogue(a6a), load(tile.mask + 0 * kLanes));
        }
        store(out6 + 0 * kLanes, a6a);
    }
    if (out7 != nullptr) {
        if (last) {
            a7a = keep(epilogue(a7a), load(tile.mask + 0 * kLanes));
        }
        store(out7 + 0 * kLanes, a7a);
    }
}

}  // namespace

// Tiles outside, channel blocks and groups inside, a few tiles at a time: the tiles' input stays in the nearest
// cache while every group of filters passes over it.
void conv_indexed_avx2_r8p1_hard_swish(const Indexed& conv, View in, View out, Share share) {
    const Range groups = conv.groups_of(share), tiles = conv.tiles_of(share);
    const int blocks = conv.channel_blocks;
    for (int start = tiles.begin; start < tiles.end; start += conv.spec->tiles_at_a_time) {
        const int most = start + conv.spec->tiles_at_a_time, stop = most < tiles.end ? most : tiles.end;
        for (int block = 0; block < blocks; ++block) {
            for (int group = groups.begin; group < groups.end; ++group) {
                const std::int32_t* bounds = conv.bounds.data() + static_cast<std::ptrdiff_t>(group) * (blocks + 1);
                const bool first = block == 0, last = block + 1 == blocks;
                if (bounds[block] == bounds[block + 1] && !first && !last) continue;
                const float* weights = conv.weights + conv.first_weight[static_cast<std::size_t>(group)] +
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
        const std::int32_t row = conv.rows[static_cast<std::size_t>(i)];
        if (row >= 0) clear_margins(out, row, conv.spec->tiles * kTile);
    }
}

}  // namespace npas_digits
