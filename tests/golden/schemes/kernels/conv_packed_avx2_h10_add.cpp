// Convolution over lists of kept positions in copies of the input: a vector of pixels in each of 10 lines in registers.
#include "conv_packed_avx2_h10_add.h"
#include "npas/packing.h"
#include "npas/functions.h"

namespace npas_net {

namespace {

constexpr int kLines = 10;
constexpr int kLineStep = 1;  // rows of the copy from one line to the next

inline vec epilogue(vec x, vec residual) {
    x = x + residual;
    return x;
}

struct Tile {
    const float* in;
    float* out;
    std::ptrdiff_t pitch;
    const float* residual;
    std::ptrdiff_t residual_pitch;
    const float* bias;
    int pixels;        // of the image in each line
    int tail;          // floats behind the line's vector that are no pixels
    bool first, last;  // of the channel blocks, between which sums wait in `out`
};

void tile_h10(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{};
    for (; offset != end; ++offset, ++weights) {
        const float* x = tile.in + *offset;
        const vec w = broadcast(weights);
        a0 = fma(w, load(x + 0 * kLineStep * kLanes), a0);
        a1 = fma(w, load(x + 1 * kLineStep * kLanes), a1);
        a2 = fma(w, load(x + 2 * kLineStep * kLanes), a2);
        a3 = fma(w, load(x + 3 * kLineStep * kLanes), a3);
        a4 = fma(w, load(x + 4 * kLineStep * kLanes), a4);
        a5 = fma(w, load(x + 5 * kLineStep * kLanes), a5);
        a6 = fma(w, load(x + 6 * kLineStep * kLanes), a6);
        a7 = fma(w, load(x + 7 * kLineStep * kLanes), a7);
        a8 = fma(w, load(x + 8 * kLineStep * kLanes), a8);
        a9 = fma(w, load(x + 9 * kLineStep * kLanes), a9);
    }
    float* out = tile.out;
    const std::ptrdiff_t pitch = tile.pitch;
    if (!tile.first) {
        a0 = a0 + load(out + 0 * pitch);
        a1 = a1 + load(out + 1 * pitch);
        a2 = a2 + load(out + 2 * pitch);
        a3 = a3 + load(out + 3 * pitch);
        a4 = a4 + load(out + 4 * pitch);
        a5 = a5 + load(out + 5 * pitch);
        a6 = a6 + load(out + 6 * pitch);
        a7 = a7 + load(out + 7 * pitch);
        a8 = a8 + load(out + 8 * pitch);
        a9 = a9 + load(out + 9 * pitch);
    }
    if (tile.last) {
        const vec bias = broadcast(tile.bias);
        const ivec mask = first_lanes(tile.pixels);
        a0 = keep(epilogue(a0 + bias, load(tile.residual + 0 * tile.residual_pitch)), mask);
        a1 = keep(epilogue(a1 + bias, load(tile.residual + 1 * tile.residual_pitch)), mask);
        a2 = keep(epilogue(a2 + bias, load(tile.residual + 2 * tile.residual_pitch)), mask);
        a3 = keep(epilogue(a3 + bias, load(tile.residual + 3 * tile.residual_pitch)), mask);
        a4 = keep(epilogue(a4 + bias, load(tile.residual + 4 * tile.residual_pitch)), mask);
        a5 = keep(epilogue(a5 + bias, load(tile.residual + 5 * tile.residual_pitch)), mask);
        a6 = keep(epilogue(a6 + bias, load(tile.residual + 6 * tile.residual_pitch)), mask);
        a7 = keep(epilogue(a7 + bias, load(tile.residual + 7 * tile.residual_pitch)), mask);
        a8 = keep(epilogue(a8 + bias, load(tile.residual + 8 * tile.residual_pitch)), mask);
        a9 = keep(epilogue(a9 + bias, load(tile.residual + 9 * tile.residual_pitch)), mask);
    }
    store(out + 0 * pitch, a0);
    store(out + 1 * pitch, a1);
    store(out + 2 * pitch, a2);
    store(out + 3 * pitch, a3);
    store(out + 4 * pitch, a4);
    store(out + 5 * pitch, a5);
    store(out + 6 * pitch, a6);
    store(out + 7 * pitch, a7);
    store(out + 8 * pitch, a8);
    store(out + 9 * pitch, a9);
    if (tile.last && tile.tail > 0) clear_tails(out + kLanes, tile.tail, pitch, 10);
}

}  // namespace

// Tile by tile: each channel block is copied, so that every tap begins in line, and every filter passes over the copy.
void conv_packed_avx2_h10_add(const Indexed& conv, View in, View out, View residual, View copy, Share share) {
    const IndexedSpec& spec = *conv.spec;
    const Layout& to = *out.layout;
    const Range groups = conv.groups_of(share), tiles = conv.tiles_of(share);
    const int blocks = conv.channel_blocks, columns = spec.grid.columns, bands = spec.tiles / columns;
    for (int t = tiles.begin; t < tiles.end; ++t) {
        const int y = spec.height * (t / columns) / bands, lines = spec.height * (t / columns + 1) / bands - y;
        const int x = t % columns * kLanes, rest = spec.width - x;
        const bool end_of_row = rest <= kLanes;
        for (int block = 0; block < blocks; ++block) {
            copy_tile(spec, in, block, y, lines, x, copy.data);
            for (int group = groups.begin; group < groups.end; ++group) {
                const std::int32_t* bounds = conv.bounds + static_cast<std::ptrdiff_t>(group) * (blocks + 1);
                const bool first = block == 0, last = block + 1 == blocks;
                if (bounds[block] == bounds[block + 1] && !first && !last) continue;
                const int filter = conv.rows[group];
                const Tile tile = {
                    copy.data,
                    out.plane(filter) + y * to.row_step() + x,
                    to.row_step(),
                    residual.plane(filter) + y * residual.layout->row_step() + x,
                    residual.layout->row_step(),
                    conv.bias + group,
                    end_of_row ? rest : kLanes,
                    end_of_row ? to.pitch - x - kLanes : 0,
                    first,
                    last,
                };
                const float* weights = conv.weights + conv.first_weight[group] + (bounds[block] - bounds[0]);
                const std::int32_t *begin = conv.offsets + bounds[block], *end = conv.offsets + bounds[block + 1];
                tile_h10(tile, begin, end, weights);
            }
        }
    }
    if (spec.split_pixels && share.thread != 0) return;  // one thread clears the margins
    for (int i = groups.begin; i < groups.end; ++i) clear_margins(out, conv.rows[i], spec.height * to.pitch);
}

}  // namespace npas_net
