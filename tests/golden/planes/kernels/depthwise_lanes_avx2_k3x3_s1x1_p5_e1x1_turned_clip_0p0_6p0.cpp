// Depthwise convolution, channels in lanes: 3x3, 5 pixels in registers.
#include "npas/few_registers.h"

#include "depthwise_lanes_avx2_k3x3_s1x1_p5_e1x1_turned_clip_0p0_6p0.h"
#include "npas/parts.h"
#include "npas/functions.h"
#include "npas/packing.h"

namespace npas_net {

namespace {

inline vec epilogue(vec x) {
    x = clip(x, 0.0f, 6.0f);
    return x;
}

struct Tile {
    const float* in;
    std::ptrdiff_t tap_row_step;  // floats from one row of the window to the next
    int rows;                     // of the window, in the image
    float* out;
    std::ptrdiff_t plane_step;  // of the output, which has a plane for each channel
    int channels;
    const float *weights, *bias;
};

// 5 pixels of one vector of channels.
template <bool kFirst, bool kLast>
[[gnu::always_inline]] inline void tile_p5(const Tile& tile) {
    vec aa = load(tile.bias);
    vec ab = aa, ac = aa, ad = aa, ae = aa;
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
        ad = fma(w0, x3, ad);
        const vec x4 = load(x + 4 * kLanes);
        ac = fma(w2, x4, ac);
        ad = fma(w1, x4, ad);
        ae = fma(w0, x4, ae);
        const vec x5 = load(x + 5 * kLanes);
        ad = fma(w2, x5, ad);
        ae = fma(w1, x5, ae);
        if constexpr (!kLast) {
            const vec x6 = load(x + 6 * kLanes);
            ae = fma(w2, x6, ae);
        }
    }
    {
        vec turned[kLanes] = {aa, ab, ac, ad, ae};
        transpose(turned);
        for_lanes([&](auto c) {
            if (c >= tile.channels) return;
            const vec x = epilogue(turned[c]);
            std::memcpy(tile.out + c * tile.plane_step + 0, &x, 5 * sizeof(float));
        });
    }
}

// 4 pixels of one vector of channels.
template <bool kFirst, bool kLast>
[[gnu::always_inline]] inline void tile_p4(const Tile& tile) {
    vec aa = load(tile.bias);
    vec ab = aa, ac = aa, ad = aa;
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
        ad = fma(w0, x3, ad);
        const vec x4 = load(x + 4 * kLanes);
        ac = fma(w2, x4, ac);
        ad = fma(w1, x4, ad);
        if constexpr (!kLast) {
            const vec x5 = load(x + 5 * kLanes);
            ad = fma(w2, x5, ad);
        }
    }
    {
        vec turned[kLanes] = {aa, ab, ac, ad};
        transpose(turned);
        for_lanes([&](auto c) {
            if (c >= tile.channels) return;
            const vec x = epilogue(turned[c]);
            std::memcpy(tile.out + c * tile.plane_step + 0, &x, 4 * sizeof(float));
        });
    }
}

}  // namespace

// A row's tiles are as wide as the kernel, or a pixel narrower. What windows have outside the image is left out.
void depthwise_lanes_avx2_k3x3_s1x1_p5_e1x1_turned_clip_0p0_6p0(
    const Depthwise& layer, View in, View out, const Strip& strip) {
    constexpr int kTaps = 3 * 3;
    constexpr int kReach = 3;  // rows from a window's first to behind its last
    const Layout &from = *in.layout, &to = *out.layout;
    const int columns = (to.width + 4) / 5;
    const int wide = to.width - columns * 4;
    const int rows = strip.rows.end - strip.rows.begin;
    for (int unit = strip.units.begin; unit < strip.units.end;) {
        const int plane = strip.planes.begin + unit / rows, first = strip.rows.begin + unit % rows;
        const int left = first + strip.units.end - unit, last = left < strip.rows.end ? left : strip.rows.end;
        unit += last - first;
        const float* source = in.plane(plane - strip.plane) - layer.spec->left * kLanes;
        float* target = out.plane(plane * kLanes) + first * to.row_step();
        const int rest = to.channels - plane * kLanes, channels = rest < kLanes ? rest : kLanes;
        for (int y = first; y < last; ++y) {
            const int row = y * 1 - layer.spec->top;  // of the image, in which the window begins
            const int under = layer.spec->height - row;  // rows of the image from there on
            const int begin = row < 0 ? -row : 0, end = under < kReach ? under : 3;
            Tile tile = {
                source + (row + begin - strip.row) * from.row_step(),
                from.row_step(),
                end - begin,
                target,
                to.plane_step(),
                channels,
                layer.weights + (static_cast<std::ptrdiff_t>(plane) * kTaps + begin * 3) * kLanes,
                layer.bias + static_cast<std::ptrdiff_t>(plane) * kLanes,
            };
            const auto pass = [&](int pixels) {
                tile.in += pixels * 1 * kLanes;
                tile.out += pixels;
            };
            if (columns == 1) {
                tile_p5<true, true>(tile);
            } else {
                tile_p5<true, false>(tile);
                pass(5);
                for (int column = 1; column < columns - 1; ++column) {
                    if (column < wide) {
                        tile_p5<false, false>(tile);
                        pass(5);
                    } else {
                        tile_p4<false, false>(tile);
                        pass(4);
                    }
                }
                if (columns - 1 < wide) {
                    tile_p5<false, true>(tile);
                } else {
                    tile_p4<false, true>(tile);
                }
            }
            target += to.row_step();
        }
        for (int c = 0; c < channels; ++c) clear_gaps(out, plane * kLanes + c, {first, last});
    }
}

}  // namespace npas_net
