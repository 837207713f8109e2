<%page args="view"/>\
<%!
from string import ascii_letters

letter = ascii_letters.__getitem__
%>\
<%def name="tile(pixels)">
<%
left, right = view.edges
columns = view.columns[pixels]
end = columns[-1].offset + 1 - right
inside = lambda offset: " && ".join(["!kFirst"] * (offset < left) + ["!kLast"] * (offset >= end))
%>\
// ${pixels} pixel${"s" if pixels > 1 else ""} of one vector of channels.
% if any(view.edges):
template <bool kFirst, bool kLast>
% endif
[[gnu::always_inline]] inline void tile_p${pixels}(const Tile& tile) {
    vec aa = load(tile.bias);
% if pixels > 1:
    vec ${", ".join(f"a{letter(p)} = aa" for p in range(1, pixels))};
% endif
    const float* x = tile.in;
    const float* w = tile.weights;
    for (int i = tile.rows; i > 0; --i, x += tile.tap_row_step, w += ${view.window[1]} * kLanes) {
% for t in range(view.window[1]):
        const vec w${t} = load(w + ${t} * kLanes);
% endfor
% for column in columns:
<% indent = " " * (12 if inside(column.offset) else 8) %>\
% if inside(column.offset):
        if constexpr (${inside(column.offset)}) {
% endif
${indent}const vec x${column.offset} = load(x + ${column.offset} * kLanes);
% for p, t in column.uses:
${indent}a${letter(p)} = fma(w${t}, x${column.offset}, a${letter(p)});
% endfor
% if inside(column.offset):
        }
% endif
% endfor
    }
% if view.turned:
% for first in range(0, pixels, view.lanes):
<% some = range(first, min(first + view.lanes, pixels)) %>\
    {
        vec turned[kLanes] = {${", ".join(f"a{letter(p)}" for p in some)}};
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
    store(tile.out + ${p} * kLanes, epilogue(a${letter(p)}${f", load(tile.residual + {p} * kLanes)" if view.residual else ""}));
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
    int rows;                     // of the window, in the image
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

// A row's tiles are as wide as the kernel, or a pixel narrower. What windows have outside the image is left out.
${view.signature} {
    constexpr int kTaps = ${view.window[0]} * ${view.window[1]};
    constexpr int kReach = ${(view.window[0] - 1) * view.dilation[0] + 1};  // rows from a window's first to behind its last
    const Layout &from = *in.layout, &to = *out.layout;
    const int columns = (to.width + ${view.pixels - 1}) / ${view.pixels};
% if view.pixels > 1:
    const int wide = to.width - columns * ${view.pixels - 1};
% endif
    const int rows = strip.rows.end - strip.rows.begin;
    for (int unit = strip.units.begin; unit < strip.units.end;) {
        const int plane = strip.planes.begin + unit / rows, first = strip.rows.begin + unit % rows;
        const int left = first + strip.units.end - unit, last = left < strip.rows.end ? left : strip.rows.end;
        unit += last - first;
        const float* source = in.plane(plane - strip.plane) - layer.spec->left * kLanes;
<% at = "plane * kLanes" if view.turned else "plane" %>\
        float* target = out.plane(${at}) + first * to.row_step();
% if view.turned:
        const int rest = to.channels - plane * kLanes, channels = rest < kLanes ? rest : kLanes;
% endif
% if view.residual:
        const float* other = residual.plane(${at}) + first * residual.layout->row_step();
% endif
        for (int y = first; y < last; ++y) {
<% rows_of = lambda rows: rows if view.dilation[0] == 1 else f"({rows} + {view.dilation[0] - 1}) / {view.dilation[0]}" %>\
            const int row = y * ${view.stride[0]} - layer.spec->top;  // of the image, in which the window begins
            const int under = layer.spec->height - row;  // rows of the image from there on
            const int begin = row < 0 ? ${rows_of("-row")} : 0, end = under < kReach ? ${rows_of("under")} : ${view.window[0]};
            Tile tile = {
                source + (row + begin${f" * {view.dilation[0]}" if view.dilation[0] > 1 else ""} - strip.row) * from.row_step(),
                ${f"{view.dilation[0]} * " if view.dilation[0] > 1 else ""}from.row_step(),
                end - begin,
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
                layer.weights + (static_cast<std::ptrdiff_t>(plane) * kTaps + begin * ${view.window[1]}) * kLanes,
                layer.bias + static_cast<std::ptrdiff_t>(plane) * kLanes,
            };
<% step = "" if view.turned else " * kLanes" %>\
            const auto pass = [&](int pixels) {
                tile.in += pixels * ${view.stride[1]} * kLanes;
                tile.out += pixels${step};
% if view.residual:
                tile.residual += pixels${step};
% endif
            };
<%def name="tile_at(column, indent, edges='', more=True)">\
<%def name="of(pixels, deeper)">\
${deeper}tile_p${pixels}${edges}(tile);
% if more:
${deeper}pass(${pixels});
% endif
</%def>\
% if view.pixels > 1:
${indent}if (${column} < wide) {
${of(view.pixels, indent + "    ")}\
${indent}} else {
${of(view.pixels - 1, indent + "    ")}\
${indent}}
% else:
${of(1, indent)}\
% endif
</%def>\
% if any(view.edges):
            if (columns == 1) {
                tile_p${view.pixels}<true, true>(tile);
            } else {
                tile_p${view.pixels}<true, false>(tile);
                pass(${view.pixels});
                for (int column = 1; column < columns - 1; ++column) {
${tile_at("column", " " * 20, "<false, false>")}\
                }
${tile_at("columns - 1", " " * 16, "<false, true>", more=False)}\
            }
% else:
            for (int column = 0; column < columns; ++column) {
${tile_at("column", " " * 16)}\
            }
% endif
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
