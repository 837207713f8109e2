// Depthwise convolution, channels in lanes: 3x3, 3 pixels in registers.
#include "npas/few_registers.h"

#include "depthwise_lanes_avx2_k3x3_s1x1_p3_e1x1.h"
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
    int rows;                     // of the window, in the image
    float* out;
    const float *weights, *bias;
};

// 3 pixels of one vector of channels.
template <bool kFirst, bool kLast>
[[gnu::always_inline]] inline void tile_p3(const Tile& tile) {
    vec aa = load(tile.bias);
    vec ab = aa, ac = aa;
    const float* x = tile.in;
    const float* w = tile.weights;
    for (int i = tile.rows; i > 0; --i, x += tile.tap_row_step, w += 3 * kLanes) {
        const vec w0 = load(w + 0 * kLanes);
        const vec w1 = load(w + 1 * kLanes);
        const vec w2 = load(w + 2 * kLanes);
        if constexpr (!kFirst) {
            const vec x0 = load(x + 0 * kLanes);
            aa = fma(w0, x0, aa);
        }
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
        if constexpr (!kLast) {
            const vec x4 = load(x + 4 * kLanes);
            ac = fma(w2, x4, ac);
        }
    }
    store(tile.out + 0 * kLanes, epilogue(aa));
    store(tile.out + 1 * kLanes, epilogue(ab));
    store(tile.out + 2 * kLanes, epilogue(ac));
}

// 2 pixels of one vector of channels.
template <bool kFirst, bool kLast>
[[gnu::always_inline]] inline void tile_p2(const Tile& tile) {
    vec aa = load(tile.bias);
    vec ab = aa;
    const float* x = tile.in;
    const float* w = tile.weights;
    for (int i = tile.rows; i > 0; --i, x += tile.tap_row_step, w += 3 * kLanes) {
        const vec w0 = load(w + 0 * kLanes);
        const vec w1 = load(w + 1 * kLanes);
        const vec w2 = load(w + 2 * kLanes);
        if constexpr (!kFirst) {
            const vec x0 = load(x + 0 * kLanes);
            aa = fma(w0, x0, aa);
        }
        const vec x1 = load(x + 1 * kLanes);
        aa = fma(w1, x1, aa);
        ab = fma(w0, x1, ab);
        const vec x2 = load(x + 2 * kLanes);
        aa = fma(w2, x2, aa);
        ab = fma(w1, x2, ab);
        if constexpr (!kLast) {
            const vec x3 = load(x + 3 * kLanes);
            ab = fma(w2, x3, ab);
        }
    }
    store(tile.out + 0 * kLanes, epilogue(aa));
    store(tile.out + 1 * kLanes, epilogue(ab));
}

}  // namespace

// A row's tiles are as wide as the kernel, or a pixel narrower. What windows have outside the image is left out.
void depthwise_lanes_avx2_k3x3_s1x1_p3_e1x1(const Depthwise& layer, View in, View out, const Strip& strip) {
    constexpr int kTaps = 3 * 3;
    constexpr int kReach = 3;  // rows from a window's first to behind its last
    const Layout &from = *in.layout, &to = *out.layout;
    const int columns = (to.width + 2) / 3;
    const int wide = to.width - columns * 2;
    const int rows = strip.rows.end - strip.rows.begin;
    for (int unit = strip.units.begin; unit < strip.units.end;) {
        const int plane = strip.planes.begin + unit / rows, first = strip.rows.begin + unit % rows;
        const int left = first + strip.units.end - unit, last = left < strip.rows.end ? left : strip.rows.end;
        unit += last - first;
        const float* source = in.plane(plane - strip.plane) - layer.spec->left * kLanes;
        float* target = out.plane(plane) + first * to.row_step();
        for (int y = first; y < last; ++y) {
            const int row = y * 1 - layer.spec->top;  // of the image, in which the window begins
            const int under = layer.spec->height - row;  // rows of the image from there on
            const int begin = row < 0 ? -row : 0, end = under < kReach ? under : 3;
            Tile tile = {
                source + (row + begin - strip.row) * from.row_step(),
                from.row_step(),
                end - begin,
                target,
                layer.weights + (static_cast<std::ptrdiff_t>(plane) * kTaps + begin * 3) * kLanes,
                layer.bias + static_cast<std::ptrdiff_t>(plane) * kLanes,
            };
            const auto pass = [&](int pixels) {
                tile.in += pixels * 1 * kLanes;
                tile.out += pixels * kLanes;
            };
            if (columns == 1) {
                tile_p3<true, true>(tile);
            } else {
                tile_p3<true, false>(tile);
                pass(3);
                for (int column = 1; column < columns - 1; ++column) {
                    if (column < wide) {
                        tile_p3<false, false>(tile);
                        pass(3);
                    } else {
                        tile_p2<false, false>(tile);
                        pass(2);
                    }
                }
                if (columns - 1 < wide) {
                    tile_p3<false, true>(tile);
                } else {
                    tile_p2<false, true>(tile);
                }
            }
            target += to.row_step();
        }
        clear_gaps(out, plane, {first, last});
    }
}

}  // namespace npas_net
