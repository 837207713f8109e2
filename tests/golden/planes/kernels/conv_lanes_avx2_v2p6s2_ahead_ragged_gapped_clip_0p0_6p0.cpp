// Convolution over lists of kept positions, filters in lanes: 2 vectors of weights x 6 pixels in registers.
#include "npas/few_registers.h"

#include "conv_lanes_avx2_v2p6s2_ahead_ragged_gapped_clip_0p0_6p0.h"
#include "npas/parts.h"
#include "npas/functions.h"

namespace npas_net {

namespace {

constexpr int kPixels = 6;
constexpr int kStep = 2;  // floats from the input of one pixel to that of the next
constexpr int kStored = 2 * kLanes;  // weights for one entry of a list
constexpr int kRows = kStored / 1;  // filters in a group

inline vec epilogue(vec x) {
    x = clip(x, 0.0f, 6.0f);
    return x;
}

struct Tile {
    const float* in;
    float* out;
    std::ptrdiff_t plane_step;
    const float* bias;
    const float* coming;  // weights to fetch ahead, `pace` floats with each entry
    int pace;
    std::int64_t cut;    // pixels before the row ends
    std::ptrdiff_t gap;  // from its end to the next row
    std::ptrdiff_t in_gap;
};

// 2 vectors of weights x 6 pixels.
[[gnu::always_inline]] inline void tile_v2p6(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec a0a{}, a0b{}, a0c{}, a0d{}, a0e{}, a0f{};
    vec a1a{}, a1b{}, a1c{}, a1d{}, a1e{}, a1f{};
    const std::ptrdiff_t in1 = 1 * kStep + (tile.in_gap & ((tile.cut - 2) >> 63));
    const std::ptrdiff_t in2 = 2 * kStep + (tile.in_gap & ((tile.cut - 3) >> 63));
    const std::ptrdiff_t in3 = 3 * kStep + (tile.in_gap & ((tile.cut - 4) >> 63));
    const std::ptrdiff_t in4 = 4 * kStep + (tile.in_gap & ((tile.cut - 5) >> 63));
    const std::ptrdiff_t in5 = 5 * kStep + (tile.in_gap & ((tile.cut - 6) >> 63));
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
        const vec xb = broadcast(x + in1);
        a0b = fma(w0, xb, a0b);
        a1b = fma(w1, xb, a1b);
        const vec xc = broadcast(x + in2);
        a0c = fma(w0, xc, a0c);
        a1c = fma(w1, xc, a1c);
        const vec xd = broadcast(x + in3);
        a0d = fma(w0, xd, a0d);
        a1d = fma(w1, xd, a1d);
        const vec xe = broadcast(x + in4);
        a0e = fma(w0, xe, a0e);
        a1e = fma(w1, xe, a1e);
        const vec xf = broadcast(x + in5);
        a0f = fma(w0, xf, a0f);
        a1f = fma(w1, xf, a1f);
        x = next;
        next = tile.in + offset[2];
    }
    float* out0 = tile.out;
    float* out1 = tile.out + 1 * tile.plane_step;
    std::ptrdiff_t at1 = 1 * kLanes, at2 = 2 * kLanes, at3 = 3 * kLanes, at4 = 4 * kLanes, at5 = 5 * kLanes;
    if (tile.cut < 6) {
        // Masks and no more branches, whose outcome changes from tile to tile.
        const std::int64_t past1 = (tile.cut - 2) >> 63;
        const std::int64_t past2 = (tile.cut - 3) >> 63;
        const std::int64_t past3 = (tile.cut - 4) >> 63;
        const std::int64_t past4 = (tile.cut - 5) >> 63;
        const std::int64_t past5 = (tile.cut - 6) >> 63;
        at1 += tile.gap & past1;
        at2 += tile.gap & past2;
        at3 += tile.gap & past3;
        at4 += tile.gap & past4;
        at5 += tile.gap & past5;
    }
    const vec bias0 = load(tile.bias + 0 * kLanes);
    const vec bias1 = load(tile.bias + 1 * kLanes);
    // Pixel by pixel, and the bias before the last sum is known: the next tile's first products come in between.
    store(out0 + 0 * kLanes, epilogue(a0a + bias0));
    store(out0 + at1, epilogue(a0b + bias0));
    store(out0 + at2, epilogue(a0c + bias0));
    store(out0 + at3, epilogue(a0d + bias0));
    store(out0 + at4, epilogue(a0e + bias0));
    store(out0 + at5, epilogue(a0f + bias0));
    store(out1 + 0 * kLanes, epilogue(a1a + bias1));
    store(out1 + at1, epilogue(a1b + bias1));
    store(out1 + at2, epilogue(a1c + bias1));
    store(out1 + at3, epilogue(a1d + bias1));
    store(out1 + at4, epilogue(a1e + bias1));
    store(out1 + at5, epilogue(a1f + bias1));
}

// 2 vectors of weights x 5 pixels.
[[gnu::always_inline]] inline void tile_v2p5(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec a0a{}, a0b{}, a0c{}, a0d{}, a0e{};
    vec a1a{}, a1b{}, a1c{}, a1d{}, a1e{};
    const std::ptrdiff_t in1 = 1 * kStep + (tile.in_gap & ((tile.cut - 2) >> 63));
    const std::ptrdiff_t in2 = 2 * kStep + (tile.in_gap & ((tile.cut - 3) >> 63));
    const std::ptrdiff_t in3 = 3 * kStep + (tile.in_gap & ((tile.cut - 4) >> 63));
    const std::ptrdiff_t in4 = 4 * kStep + (tile.in_gap & ((tile.cut - 5) >> 63));
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
        const vec xb = broadcast(x + in1);
        a0b = fma(w0, xb, a0b);
        a1b = fma(w1, xb, a1b);
        const vec xc = broadcast(x + in2);
        a0c = fma(w0, xc, a0c);
        a1c = fma(w1, xc, a1c);
        const vec xd = broadcast(x + in3);
        a0d = fma(w0, xd, a0d);
        a1d = fma(w1, xd, a1d);
        const vec xe = broadcast(x + in4);
        a0e = fma(w0, xe, a0e);
        a1e = fma(w1, xe, a1e);
        x = next;
        next = tile.in + offset[2];
    }
    float* out0 = tile.out;
    float* out1 = tile.out + 1 * tile.plane_step;
    std::ptrdiff_t at1 = 1 * kLanes, at2 = 2 * kLanes, at3 = 3 * kLanes, at4 = 4 * kLanes;
    if (tile.cut < 5) {
        // Masks and no more branches, whose outcome changes from tile to tile.
        const std::int64_t past1 = (tile.cut - 2) >> 63;
        const std::int64_t past2 = (tile.cut - 3) >> 63;
        const std::int64_t past3 = (tile.cut - 4) >> 63;
        const std::int64_t past4 = (tile.cut - 5) >> 63;
        at1 += tile.gap & past1;
        at2 += tile.gap & past2;
        at3 += tile.gap & past3;
        at4 += tile.gap & past4;
    }
    const vec bias0 = load(tile.bias + 0 * kLanes);
    const vec bias1 = load(tile.bias + 1 * kLanes);
    // Pixel by pixel, and the bias before the last sum is known: the next tile's first products come in between.
    store(out0 + 0 * kLanes, epilogue(a0a + bias0));
    store(out0 + at1, epilogue(a0b + bias0));
    store(out0 + at2, epilogue(a0c + bias0));
    store(out0 + at3, epilogue(a0d + bias0));
    store(out0 + at4, epilogue(a0e + bias0));
    store(out1 + 0 * kLanes, epilogue(a1a + bias1));
    store(out1 + at1, epilogue(a1b + bias1));
    store(out1 + at2, epilogue(a1c + bias1));
    store(out1 + at3, epilogue(a1d + bias1));
    store(out1 + at4, epilogue(a1e + bias1));
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
void conv_lanes_avx2_v2p6s2_ahead_ragged_gapped_clip_0p0_6p0(const Indexed& conv, View in, View out, const Part& part) {
    const IndexedSpec& spec = *conv.spec;
    const Layout& to = *out.layout;
    const Range groups = part.groups, tiles = part.tiles;
    constexpr int blocks = 1;
    const std::ptrdiff_t row_gap = to.row_step() - spec.width * kLanes;
    const std::ptrdiff_t in_gap = spec.grid.row_step - spec.width * kStep;
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
                int column = start;  // all rows of pixels make one
                const int passed = column * kPixels - (column < spec.grid.wide ? 0 : column - spec.grid.wide);
                int left = passed % spec.width;
                const int row = passed / spec.width - part.row;
                const float* from = in.data + passed * kStep + passed / spec.width * in_gap;
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
                        spec.width - left,
                        row_gap,
                        in_gap,
                    };
                    if (wide) {
                        tile_v2p6(tile, begin, end, weights);
                    } else {
                        tile_v2p5(tile, begin, end, weights);
                    }
                    if (ahead) fetch(from + kPixels * kStep, block * spec.channel_block, in, spec);
                    const int pixels = wide ? kPixels : kPixels - 1;
                    from += pixels * kStep;
                    target += pixels * kLanes;
                    left += pixels;
                    if (left >= spec.width) {
                        left -= spec.width;
                        target += row_gap;
                        from += in_gap;
                    }
                    ++column;
                }
            }
        }
    }
    const Range rows = {part.rows.begin - part.row, part.rows.end - part.row};
    const int begin = groups.begin * (kRows / kLanes) - part.plane, end = groups.end * (kRows / kLanes) - part.plane;
    for (int i = begin; i < end && i < to.planes(); ++i) clear_gaps(out, i, rows);
}

}  // namespace npas_net
