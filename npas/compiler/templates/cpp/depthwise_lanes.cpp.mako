<%page args="view"/>\
<%def name="tile(pixels)">
// ${pixels} pixel${"s" if pixels > 1 else ""} of one vector of channels.
[[gnu::always_inline]] inline void tile_p${pixels}(const Tile& tile) {
    vec aa = load(tile.bias);
% if pixels > 1:
    vec ${", ".join(f"a{chr(97 + p)} = aa" for p in range(1, pixels))};
% endif
    const float* x = tile.in;
    const float* w = tile.weights;
    for (int i = 0; i < ${view.window[0]}; ++i, x += tile.tap_row_step, w += ${view.window[1]} * kLanes) {
% for t in range(view.window[1]):
        const vec w${t} = load(w + ${t} * kLanes);
% endfor
% for column in view.columns[pixels]:
        const vec x${column.offset} = load(x + ${column.offset} * kLanes);
% for p, t in column.uses:
        a${chr(97 + p)} = fma(w${t}, x${column.offset}, a${chr(97 + p)});
% endfor
% endfor
    }
% if view.turned:
% for first in range(0, pixels, view.lanes):
<% some = range(first, min(first + view.lanes, pixels)) %>\
    {
        vec turned[kLanes] = {${", ".join(f"a{chr(97 + p)}" for p in some)}};
        transpose(turned);
        for_lanes([&](auto c) {
            if (c >= tile.channels) return;
            const vec x = epilogue(turned[c]${f", load(tile.residual + c * tile.residual_plane_step + {first})" if view.residual else ""});
            std::memcpy(tile.out + c * tile.plane_step + ${first}, &x, ${len(some)} * sizeof(float));
        });
    }
% endfor
% else:
% for p in range(pixels):
    store(tile.out + ${p} * kLanes, epilogue(a${chr(97 + p)}${f", load(tile.residual + {p} * kLanes)" if view.residual else ""}));
% endfor
% endif
}
</%def>\
// Depthwise convolution, channels in lanes: ${view.summary}.
#include "npas/few_registers.h"

#include "${view.name}.h"
#include "npas/parts.h"
#include "npas/functions.h"
% if view.turned:
#include "npas/packing.h"
% endif

namespace ${view.namespace} {

namespace {

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

struct Tile {
    const float* in;
    std::ptrdiff_t tap_row_step;  // floats from one row of the window to the next
    float* out;
% if view.turned:
    std::ptrdiff_t plane_step;  // of the output, which has a plane for each channel
    int channels;
% endif
% if view.residual:
    const float* residual;
% if view.turned:
    std::ptrdiff_t residual_plane_step;
% endif
% endif
    const float *weights, *bias;
};
% for pixels in view.columns:
${tile(pixels)}\
% endfor

}  // namespace

// A row's tiles are as wide as the kernel, or a pixel narrower.
${view.signature} {
    constexpr int kTaps = ${view.window[0]} * ${view.window[1]};
    const Layout &from = *in.layout, &to = *out.layout;
    const int columns = (to.width + ${view.pixels - 1}) / ${view.pixels};
    const int wide = to.width - columns * ${view.pixels - 1};
    const int rows = strip.rows.end - strip.rows.begin;
    for (int unit = strip.units.begin; unit < strip.units.end;) {
        const int plane = strip.planes.begin + unit / rows, first = strip.rows.begin + unit % rows;
        const int left = first + strip.units.end - unit, last = left < strip.rows.end ? left : strip.rows.end;
        unit += last - first;
        const float* source = in.plane(plane - strip.plane) +
                              (first * ${view.stride[0]} - layer.spec->top - strip.row) * from.row_step() -
                              layer.spec->left * kLanes;
<% at = "plane * kLanes" if view.turned else "plane" %>\
        float* target = out.plane(${at}) + first * to.row_step();
% if view.turned:
        const int rest = to.channels - plane * kLanes, channels = rest < kLanes ? rest : kLanes;
% endif
% if view.residual:
        const float* other = residual.plane(${at}) + first * residual.layout->row_step();
% endif
        for (int y = first; y < last; ++y) {
            Tile tile = {
                source,
                ${view.dilation[0]} * from.row_step(),
                target,
% if view.turned:
                to.plane_step(),
                channels,
% endif
% if view.residual:
                other,
% if view.turned:
                residual.layout->plane_step(),
% endif
% endif
                layer.weights + static_cast<std::ptrdiff_t>(plane) * kTaps * kLanes,
                layer.bias + static_cast<std::ptrdiff_t>(plane) * kLanes,
            };
            for (int column = 0; column < columns; ++column) {
% if view.pixels > 1:
                const bool whole = column < wide;
                if (whole) {
                    tile_p${view.pixels}(tile);
                } else {
                    tile_p${view.pixels - 1}(tile);
                }
                const int width = whole ? ${view.pixels} : ${view.pixels - 1};
% else:
                const int width = wide < 0 ? 0 : 1;
                tile_p1(tile);
% endif
                tile.in += width * ${view.stride[1]} * kLanes;
<% step = "" if view.turned else " * kLanes" %>\
                tile.out += width${step};
% if view.residual:
                tile.residual += width${step};
% endif
            }
            source += ${view.stride[0]} * from.row_step();
            target += to.row_step();
% if view.residual:
            other += residual.layout->row_step();
% endif
        }
% if view.turned:
        for (int c = 0; c < channels; ++c) clear_gaps(out, plane * kLanes + c, {first, last});
% else:
        clear_gaps(out, plane, {first, last});
% endif
    }
}

}  // namespace ${view.namespace}
