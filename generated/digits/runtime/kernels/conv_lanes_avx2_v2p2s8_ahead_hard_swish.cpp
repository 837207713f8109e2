// Convolution over lists of kept positions, filters in lanes: 2 vectors of weights x 2 pixels in registers.
#include "npas/few_registers.h"

#include "conv_lanes_avx2_v2p2s8_ahead_hard_swish.h"
#include "npas/parts.h"
#include "npas/functions.h"

namespace npas_digits {

namespace {

constexpr int kPixels = 2;
constexpr int kStep = 8;  // floats from the input of one pixel to that of the next
constexpr int kStored = 2 * kLanes;  // weights for one entry of a list
constexpr int kRows = kStored / 1;  // filters in a group

inline vec epilogue(vec x) {
    x = hard_swish(x);
    return x;
}

struct Tile {
    const float* in;
    float* out;
    std::ptrdiff_t plane_step;
    const float* bias;
    const float* coming;  // weights to fetch ahead, `pace` floats with each entry
    int pace;
};

// 2 vectors of weights x 2 pixels.
[[gnu::always_inline]] inline void tile_v2p2(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec a0a{}, a0b{};
    vec a1a{}, a1b{};
    const float* coming = tile.coming;
    // Addresses are known an entry ahead: loads that wait for another one hold up the rest.
    const float *x = tile.in + offset[0], *next = tile.in + offset[1];
    for (; offset != end; ++offset, weights += kStored) {
        __builtin_prefetch(coming);
        coming += tile.pace;
        const vec w0 = load(weights + 0 * kLanes);
        const vec w1 = load(weights + 1 * kLanes);
        const vec xa = broadcast(x + 0 * kStep);
        a0a = fma(w0, xa, a0a);
        a1a = fma(w1, xa, a1a);
        const vec xb = broadcast(x + 1 * kStep);
        a0b = fma(w0, xb, a0b);
        a1b = fma(w1, xb, a1b);
        x = next;
        next = tile.in + offset[2];
    }
    float* out0 = tile.out;
    float* out1 = tile.out + 1 * tile.plane_step;
    const vec bias0 = load(tile.bias + 0 * kLanes);
    const vec bias1 = load(tile.bias + 1 * kLanes);
    // Pixel by pixel, and the bias before the last sum is known: the next tile's first products come in between.
    store(out0 + 0 * kLanes, epilogue(a0a + bias0));
    store(out0 + 1 * kLanes, epilogue(a0b + bias0));
    store(out1 + 0 * kLanes, epilogue(a1a + bias1));
    store(out1 + 1 * kLanes, epilogue(a1b + bias1));
}

// 2 vectors of weights x 1 pixel.
[[gnu::always_inline]] inline void tile_v2p1(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec a0a{};
    vec a1a{};
    const float* coming = tile.coming;
    // Addresses are known an entry ahead: loads that wait for another one hold up the rest.
    const float *x = tile.in + offset[0], *next = tile.in + offset[1];
    for (; offset != end; ++offset, weights += kStored) {
        __builtin_prefetch(coming);
        coming += tile.pace;
        const vec xa = broadcast(x + 0 * kStep);
        const vec w0 = load(weights + 0 * kLanes);
        a0a = fma(w0, xa, a0a);
        const vec w1 = load(weights + 1 * kLanes);
        a1a = fma(w1, xa, a1a);
        x = next;
        next = tile.in + offset[2];
    }
    float* out0 = tile.out;
    float* out1 = tile.out + 1 * tile.plane_step;
    const vec bias0 = load(tile.bias + 0 * kLanes);
    const vec bias1 = load(tile.bias + 1 * kLanes);
    // Pixel by pixel, and the bias before the last sum is known: the next tile's first products come in between.
    store(out0 + 0 * kLanes, epilogue(a0a + bias0));
    store(out1 + 0 * kLanes, epilogue(a1a + bias1));
}

// Fetches the pixels of a tile from all planes of a channel block; `pixels` is the first, of plane 0.
void fetch(const float* pixels, int first_channel, View in, const IndexedSpec& spec) {
    const int begin = first_channel / spec.input_block, end = (first_channel + spec.channel_block) / spec.input_block;
    for (int i = begin; i < end && i < in.layout->planes(); ++i) {
        const float* p = pixels + i * in.layout->plane_step();
        for (int k = 0; k < kPixels * kStep; k += 16) __builtin_prefetch(p + k);
    }
}

}  // namespace

// A few tiles of pixels at a time, channel blocks and groups of filters inside: the tiles' input stays in a near cache
// while every group of filters passes over it.
void conv_lanes_avx2_v2p2s8_ahead_hard_swish(const Indexed& conv, View in, View out, const Part& part) {
    const IndexedSpec& spec = *conv.spec;
    const Layout& to = *out.layout;
    const Range groups = part.groups, tiles = part.tiles;
    constexpr int blocks = 1;
    for (int start = tiles.begin; start < tiles.end; start += spec.tiles_at_a_time) {
        const int most = start + spec.tiles_at_a_time, stop = most < tiles.end ? most : tiles.end;
        for (int block = 0; block < blocks; ++block) {
            for (int group = groups.begin; group < groups.end; ++group) {
                const std::int32_t* bounds = conv.bounds + static_cast<std::ptrdiff_t>(group) * (blocks + 1);
                const float* weights = conv.weights + conv.first_weight[group] +
                                       static_cast<std::ptrdiff_t>(bounds[block] - bounds[0]) * kStored;
                const std::int32_t *begin = conv.offsets + bounds[block],
                                   *end = conv.offsets + bounds[block + 1];
                const int plane = group * (kRows / kLanes) - part.plane;
                // The next group's weights come from far: they are fetched while this group's tiles run.
                const int following = group + 1 < groups.end ? group + 1 : group;
                const std::int32_t* then = conv.bounds + static_cast<std::ptrdiff_t>(following) * (blocks + 1);
                const float* coming = conv.weights + conv.first_weight[following] +
                                      static_cast<std::ptrdiff_t>(then[block] - then[0]) * kStored;
                const int pace = (kStored + stop - start - 1) / (stop - start);
                // A 1x1 layer's tile is a few lines of each plane: too many streams for the hardware to foresee.
                const bool ahead = spec.taps == 1 && group == groups.begin;
                int y = start / spec.grid.columns, column = start % spec.grid.columns;
                const int passed = column * kPixels - (column < spec.grid.wide ? 0 : column - spec.grid.wide);
                const float* from = in.data + static_cast<std::ptrdiff_t>(y) * spec.grid.row_step + passed * kStep;
                const int left = passed, row = y - part.row;
                float* target = out.plane(plane) + row * to.row_step() + left * kLanes;
                for (int t = start; t < stop; ++t) {
                    const bool wide = column < spec.grid.wide;
                    const Tile tile = {
                        from,
                        target,
                        to.plane_step(),
                        conv.bias + static_cast<std::ptrdiff_t>(group) * kRows,
                        coming + static_cast<std::ptrdiff_t>(t - start) * (end - begin) * pace,
                        pace,
                    };
                    if (wide) {
                        tile_v2p2(tile, begin, end, weights);
                    } else {
                        tile_v2p1(tile, begin, end, weights);
                    }
                    if (ahead) fetch(from + kPixels * kStep, block * spec.channel_block, in, spec);
                    const int pixels = wide ? kPixels : kPixels - 1;
                    from += pixels * kStep;
                    target += pixels * kLanes;
                    if (++column == spec.grid.columns) {
                        column = 0;
                        ++y;
                        from = in.data + static_cast<std::ptrdiff_t>(y) * spec.grid.row_step;
                        target = out.plane(plane) + (y - part.row) * to.row_step();
                    }
                }
            }
        }
    }
    const Range rows = {part.rows.begin - part.row, part.rows.end - part.row};
    const int begin = groups.begin * (kRows / kLanes) - part.plane, end = groups.end * (kRows / kLanes) - part.plane;
    for (int i = begin; i < end && i < to.planes(); ++i) clear_gaps(out, i, rows);
}

}  // namespace npas_digits
