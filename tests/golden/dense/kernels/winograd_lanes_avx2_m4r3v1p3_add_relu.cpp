// Convolution by Winograd's method, tiles of 4x4 from 6x6 pixels, filters in lanes: 1 vector of weights x 3 tiles in registers.
#include "npas/winograd_tiles.h"

#include "winograd_lanes_avx2_m4r3v1p3_add_relu.h"
#include "npas/run.h"
#include "npas/functions.h"

namespace npas_net {

namespace {

constexpr int kSide = 6;
constexpr int kTile = 4;
constexpr int kBlock = 8;  // channels in a pixel of the input
constexpr int kPositions = kSide * kSide;
constexpr int kPixels = 3;
constexpr int kStep = kLanes;  // from one tile to the next
constexpr int kStored = 1 * kLanes;  // filters in a group

inline vec epilogue(vec x, vec residual) {
    x = x + residual;
    x = relu(x);
    return x;
}

struct Tile {
    const float* in;
    float* out;
    std::ptrdiff_t plane_step;
    const float* coming;  // weights to fetch ahead, `pace` floats with each entry
    int pace;
};

// 1 vector of weights x 3 pixels.
void tile_v1p3(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec a0a{}, a0b{}, a0c{};
    const float* coming = tile.coming;
    // Addresses are known an entry ahead: loads that wait for another one hold up the rest.
    const float *x = tile.in + offset[0], *next = tile.in + offset[1];
    for (; offset != end; ++offset, weights += kStored) {
        __builtin_prefetch(coming);
        coming += tile.pace;
        const vec w0 = load(weights + 0 * kLanes);
        const vec xa = broadcast(x + 0 * kStep);
        a0a = fma(w0, xa, a0a);
        const vec xb = broadcast(x + 1 * kStep);
        a0b = fma(w0, xb, a0b);
        const vec xc = broadcast(x + 2 * kStep);
        a0c = fma(w0, xc, a0c);
        x = next;
        next = tile.in + offset[2];
    }
    float* out0 = tile.out;
    store(out0 + 0 * kLanes, a0a);
    store(out0 + 1 * kLanes, a0b);
    store(out0 + 2 * kLanes, a0c);
}

// 1 vector of weights x 2 pixels.
void tile_v1p2(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec a0a{}, a0b{};
    const float* coming = tile.coming;
    // Addresses are known an entry ahead: loads that wait for another one hold up the rest.
    const float *x = tile.in + offset[0], *next = tile.in + offset[1];
    for (; offset != end; ++offset, weights += kStored) {
        __builtin_prefetch(coming);
        coming += tile.pace;
        const vec w0 = load(weights + 0 * kLanes);
        const vec xa = broadcast(x + 0 * kStep);
        a0a = fma(w0, xa, a0a);
        const vec xb = broadcast(x + 1 * kStep);
        a0b = fma(w0, xb, a0b);
        x = next;
        next = tile.in + offset[2];
    }
    float* out0 = tile.out;
    store(out0 + 0 * kLanes, a0a);
    store(out0 + 1 * kLanes, a0b);
}

// 1 vector of weights x 1 pixel.
void tile_v1p1(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec a0a{};
    const float* coming = tile.coming;
    // Addresses are known an entry ahead: loads that wait for another one hold up the rest.
    const float *x = tile.in + offset[0], *next = tile.in + offset[1];
    for (; offset != end; ++offset, weights += kStored) {
        __builtin_prefetch(coming);
        coming += tile.pace;
        const vec w0 = load(weights + 0 * kLanes);
        const vec xa = broadcast(x + 0 * kStep);
        a0a = fma(w0, xa, a0a);
        x = next;
        next = tile.in + offset[2];
    }
    float* out0 = tile.out;
    store(out0 + 0 * kLanes, a0a);
}

using Multiply = void (*)(const Tile&, const std::int32_t*, const std::int32_t*, const float*);
// By the number of tiles.
constexpr Multiply kMultiply[] = {nullptr, tile_v1p1, tile_v1p2, tile_v1p3};
constexpr const Multiply* kMultiplyLast = kMultiply;

}  // namespace

// A few tiles at a time: transformed, multiplied at each of their positions by itself, transformed back.
// `work` holds the transformed tiles and the sums of every thread, or of all.
void winograd_lanes_avx2_m4r3v1p3_add_relu(const Winograd& layer, View in, View out, View residual, View work,
                                           const Run& run) {
    const WinogradSpec& spec = *layer.spec;
    const Layout& to = *out.layout;
    const Share all = run.seat(), share = spec.split_tiles ? Share{0, 1} : all;
    const int room = spec.tiles_at_a_time, groups = (spec.filters + kStored - 1) / kStored;
    const int planes = to.planes(), chunks = (spec.tiles + room - 1) / room;
    const std::ptrdiff_t in_step = position_step(spec.planes, room), out_step = position_step(planes, room);
    float* transformed = work.data + (spec.split_tiles ? all.thread * kPositions * (in_step + out_step) : 0);
    float* sums = transformed + kPositions * in_step;
    const int terms = spec.channels * spec.phases();  // of a sum
    const std::int32_t *offsets = layer.offsets, *end = offsets + terms;
    const float* weights = layer.weights;
    const std::ptrdiff_t panel = static_cast<std::ptrdiff_t>(terms) * kStored;
    const auto plane_of = [&](int plane) {
        const vec bias = load(layer.bias + plane * kLanes);
        float* pixels = out.plane(plane);
        const float* others = residual.plane(plane);
        return [=](std::ptrdiff_t at, std::ptrdiff_t from, vec sum) {
            store(pixels + at, epilogue(sum + bias, load(others + from)));
        };
    };
    if (spec.split_tiles && all.thread >= spec.shares) return;  // as many threads as there is room for
    for (int chunk = spec.split_tiles ? run.next() : 0; chunk < chunks; chunk = spec.split_tiles ? run.next() : chunk + 1) {
        const int first = chunk * room, count = spec.tiles - first < room ? spec.tiles - first : room;
        transform_input<kSide, kBlock>(spec, in, first, count, slice(share, spec.planes), room, transformed);
        if (!spec.split_tiles) run.barrier();
        const Range units = slice(share, kPositions * groups);
        const int columns = (count + kPixels - 1) / kPixels;
        for (int unit = units.begin; unit < units.end; ++unit) {
            const int position = unit / groups, group = unit % groups;
            const Multiply* multiply = group + 1 < groups ? kMultiply : kMultiplyLast;
            const float* tiles = transformed + position * in_step;
            float* target = sums + position * out_step +
                            static_cast<std::ptrdiff_t>(group) * (kStored / kLanes) * room * kLanes;
            // The next unit's weights come from far: they are fetched while this one's tiles run.
            const float* coming = weights + (unit + 1 < kPositions * groups ? unit + 1 : unit) * panel;
            const int pace = (kStored + columns - 1) / columns;
            for (int column = 0; column < columns; ++column) {
                const Range part = slice({column, columns}, count);
                const Tile tile = {tiles + part.begin * kLanes,
                                   target + part.begin * kLanes,
                                   static_cast<std::ptrdiff_t>(room) * kLanes,
                                   coming + static_cast<std::ptrdiff_t>(column) * terms * pace,
                                   pace};
                multiply[part.end - part.begin](tile, offsets, end, weights + unit * panel);
            }
        }
        if (!spec.split_tiles) run.barrier();
        transform_output<kSide, kTile>(spec, out, *residual.layout, first, count,
                                       slice(share, planes), room, sums, plane_of);
    }
    const int threads = spec.split_tiles && spec.shares < all.threads ? spec.shares : all.threads;
    const Range margins = slice({all.thread, threads}, planes);
    for (int i = margins.begin; i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
}

}  // namespace npas_net
