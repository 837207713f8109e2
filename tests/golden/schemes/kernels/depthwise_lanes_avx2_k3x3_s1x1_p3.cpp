// Depthwise convolution, channels in lanes: 3x3, 3 pixels in registers.
#include "npas/few_registers.h"

#include "depthwise_lanes_avx2_k3x3_s1x1_p3.h"
#include "npas/parts.h"
#include "npas/functions.h"

namespace npas_net {

namespace {

inline vec epilogue(vec x) {
    return x;
}

struct Tile {
    const float* in;
    std::ptrdiff_t tap_row_step;  // floats from one row of the window to the next
    float* out;
    const float *weights, *bias;
};

// 3 pixels of one vector of channels.
[[gnu::always_inline]] inline void tile_p3(const Tile& tile) {
    vec aa = load(tile.bias);
    vec ab = aa, ac = aa;
    const float* x = tile.in;
    const float* w = tile.weights;
    for (int i = 0; i < 3; ++i, x += tile.tap_row_step, w += 3 * kLanes) {
        const vec w0 = load(w + 0 * kLanes);
        const vec w1 = load(w + 1 * kLanes);
        const vec w2 = load(w + 2 * kLanes);
        const vec x0 = load(x + 0 * kLanes);
        aa = fma(w0, x0, aa);
        const vec x1 = load(x + 1 * kLanes);
        aa = fma(w1, x1, aa);
        ab = fma(w0, x1, ab);
        const vec x2 = load(x + 2 * kLanes);
        aa = fma(w2, x2, aa);
        ab = fma(w1, x2, ab);
        ac = fma(w0, x2, ac);
        const vec x3 = load(x + 3 * kLanes);
        ab = fma(w2, x3, ab);
        ac = fma(w1, x3, ac);
        const vec x4 = load(x + 4 * kLanes);
        ac = fma(w2, x4, ac);
    }
    store(tile.out + 0 * kLanes, epilogue(aa));
    store(tile.out + 1 * kLanes, epilogue(ab));
    store(tile.out + 2 * kLanes, epilogue(ac));
}

// 2 pixels of one vector of channels.
[[gnu::always_inline]] inline void tile_p2(const Tile& tile) {
    vec aa = load(tile.bias);
    vec ab = aa;
    const float* x = tile.in;
    const float* w = tile.weights;
    for (int i = 0; i < 3; ++i, x += tile.tap_row_step, w += 3 * kLanes) {
        const vec w0 = load(w + 0 * kLanes);
        const vec w1 = load(w + 1 * kLanes);
        const vec w2 = load(w + 2 * kLanes);
        const vec x0 = load(x + 0 * kLanes);
        aa = fma(w0, x0, aa);
        const vec x1 = load(x + 1 * kLanes);
        aa = fma(w1, x1, aa);
        ab = fma(w0, x1, ab);
        const vec x2 = load(x + 2 * kLanes);
        aa = fma(w2, x2, aa);
        ab = fma(w1, x2, ab);
        const vec x3 = load(x + 3 * kLanes);
        ab = fma(w2, x3, ab);
    }
    store(tile.out + 0 * kLanes, epilogue(aa));
    store(tile.out + 1 * kLanes, epilogue(ab));
}

}  // namespace

// A row's tiles are as wide as the kernel, or a pixel narrower.
void depthwise_lanes_avx2_k3x3_s1x1_p3(const Depthwise& layer, View in, View out, const Strip& strip) {
    constexpr int kTaps = 3 * 3;
    const Layout &from = *in.layout, &to = *out.layout;
    const int columns = (to.width + 2) / 3;
    const int wide = to.width - columns * 2;
    const int rows = strip.rows.end - strip.rows.begin;
    for (int unit = strip.units.begin; unit < strip.units.end;) {
        const int plane = strip.planes.begin + unit / rows, first = strip.rows.begin + unit % rows;
        const int left = first + strip.units.end - unit, last = left < strip.rows.end ? left : strip.rows.end;
        unit += last - first;
        const float* source = in.plane(plane - strip.plane) +
                              (first * 1 - layer.spec->top - strip.row) * from.row_step() -
                              layer.spec->left * kLanes;
        float* target = out.plane(plane) + first * to.row_step();
        for (int y = first; y < last; ++y) {
            Tile tile = {
                source,
                1 * from.row_step(),
                target,
                layer.weights + static_cast<std::ptrdiff_t>(plane) * kTaps * kLanes,
                layer.bias + static_cast<std::ptrdiff_t>(plane) * kLanes,
            };
            for (int column = 0; column < columns; ++column) {
                const bool whole = column < wide;
                if (whole) {
                    tile_p3(tile);
                } else {
                    tile_p2(tile);
                }
                const int width = whole ? 3 : 2;
                tile.in += width * 1 * kLanes;
                tile.out += width * kLanes;
            }
            source += 1 * from.row_step();
            target += to.row_step();
        }
        clear_gaps(out, plane, {first, last});
    }
}

}  // namespace npas_net
