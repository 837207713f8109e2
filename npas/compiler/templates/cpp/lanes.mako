## The inner kernel of everything with filters in lanes: sums of a few vectors of filters and a few pixels in registers.
## It `finishes` them by bias and epilogue; where it `waits`, by the last of several blocks of channels.
<%!
from string import ascii_letters

letter = ascii_letters.__getitem__

FEW_PLACES = 8
"""Pixels of a tile whose places behind a row's end fit general registers."""
%>\
<%def name="tile_struct(residual, ahead, ragged=False, gapped=False, finishes=True, waits=False, lists=1)">\
struct Tile {
    const float* in;
    float* out;
    std::ptrdiff_t plane_step;
% if residual:
    const float* residual;
    std::ptrdiff_t residual_step;
% endif
% if finishes:
    const float* bias;
% endif
% if waits:
    bool first, last;  // of the channel blocks, between which sums wait in `out`
% endif
% if ahead:
    const float* coming${"[kLists]" if lists > 1 else ""};  // weights to fetch ahead, `pace` floats with each entry
    int pace;
% endif
% if ragged:
    std::int64_t cut;    // pixels before the row ends
    std::ptrdiff_t gap;  // from its end to the next row
% if residual:
    std::ptrdiff_t residual_gap;
% endif
% if gapped:
    std::ptrdiff_t in_gap;
% endif
% endif
};
</%def>\
<%def name="tile(vectors, pixels, depth, residual, ahead, ragged=False, gapped=False, finishes=True, waits=False)">
<%
broadcast = {1: "broadcast", 2: "broadcast_pair", 4: "broadcast_quad"}[depth]
lists = max(1, depth // vectors)
sums = vectors * lists
outputs = sums // depth
sum_of = lambda v, p: f"a{v * depth}{letter(p)}"
places = [(v, p) for v in range(outputs) for p in range(pixels)]
levels = depth.bit_length() - 1  # at which neighbouring channels are added up: as many inside a list as it has vectors for
inside = min(vectors, depth).bit_length() - 1
add = lambda level: ("plus_swapped", "plus_swapped_twos")[level] if level < inside else "twos" if inside else "pairs"
input_ = [f"x + in{p}" if gapped and p else f"x + {p} * kStep" for p in range(pixels)]
at = [f" + at{p}" if ragged and p else f" + {p} * kLanes" for p in range(pixels)]
from_ = [f" + from{p}" if ragged and p else f" + {p} * kLanes" for p in range(pixels)]
ordered = {1: "ordered_pairs", 2: "ordered_fours"}.get(levels - inside, "")
chained = 1 if levels and not waits else 0  # levels that are added up as a sum is finished

def finished(v, p):
    total, bias = sum_of(v, p), f"bias{v}"
    if not chained:
        total = f"{total} + {bias}"
    else:
        other = f"a{v * depth + (1 << levels - 1)}{letter(p)}"
        if ordered:
            total = f"{ordered}({add(levels - 1)}({total}, {other})) + {bias}"
        else:
            total = f"{add(levels - 1)}({total} + {bias}, {other})"
    return f"epilogue({total}{f', load(residual{v}{from_[p]})' if residual else ''})"
%>\
<%def name="passed()">\
        // Masks and no more branches, whose outcome changes from tile to tile.
% for p in range(1, pixels):
        const std::int64_t past${p} = (tile.cut - ${p + 1}) >> 63;
% endfor
</%def>\
<%def name="added(indent, left, level)">\
% for v in left:
% for p in range(pixels):
${indent}a${v}${letter(p)} = ${add(level)}(a${v}${letter(p)}, a${v + (1 << level)}${letter(p)});
% endfor
% endfor
</%def>\
<%def name="summed(indent, own, weights, coming)">\
% if ahead:
${indent}const float* coming = ${coming};
% endif
${indent}// Addresses are known an entry ahead: loads that wait for another one hold up the rest.
${indent}const float *x = tile.in + offset[0], *next = tile.in + offset[1];
${indent}for (; offset != end; ++offset, ${weights} += kStored) {
% if ahead:
${indent}    __builtin_prefetch(coming);
${indent}    coming += tile.pace;
% endif
% if vectors <= pixels:
% for i, v in enumerate(own):
${indent}    const vec w${v} = load(${weights} + ${i} * kLanes);
% endfor
% for p in range(pixels):
${indent}    const vec x${letter(p)} = ${broadcast}(${input_[p]});
% for v in own:
${indent}    a${v}${letter(p)} = fma(w${v}, x${letter(p)}, a${v}${letter(p)});
% endfor
% endfor
% else:
% for p in range(pixels):
${indent}    const vec x${letter(p)} = ${broadcast}(${input_[p]});
% endfor
% for i, v in enumerate(own):
${indent}    const vec w${v} = load(${weights} + ${i} * kLanes);
% for p in range(pixels):
${indent}    a${v}${letter(p)} = fma(w${v}, x${letter(p)}, a${v}${letter(p)});
% endfor
% endfor
% endif
${indent}    x = next;
${indent}    next = tile.in + offset[2];
${indent}}
</%def>\
// ${vectors} vector${"s" if vectors > 1 else ""} of weights x ${pixels} pixel${"s" if pixels > 1 else ""}.
${"[[gnu::always_inline]] inline " if finishes and lists == 1 else ""}void tile_v${vectors}p${pixels}(const Tile& tile, ${"const List* lists" if lists > 1 else "const std::int32_t* offset, const std::int32_t* end, const float* weights"}) {
% for v in range(sums):
    vec ${", ".join(f"a{v}{letter(p)}{{}}" for p in range(pixels))};
% endfor
% if gapped:
% for p in range(1, pixels):
    const std::ptrdiff_t in${p} = ${p} * kStep + (tile.in_gap & ((tile.cut - ${p + 1}) >> 63));
% endfor
% endif
% if lists == 1:
${summed("    ", range(vectors), "weights", "tile.coming")}\
% else:
% for l in range(lists):
    {
        const std::int32_t *offset = lists[${l}].begin, *end = lists[${l}].end;
        const float* weights = lists[${l}].weights;
${summed("        ", range(l * vectors, (l + 1) * vectors), "weights", f"tile.coming[{l}]")}\
% for level in range(inside):
${added("        ", range(l * vectors, (l + 1) * vectors, 1 << level + 1), level)}\
% endfor
    }
% endfor
% endif
% for level in range(inside if lists > 1 else 0, levels - chained):
${added("    ", range(0, sums, 1 << level + 1), level)}\
% endfor
% if waits and inside < levels:
% for v, p in places:
    ${sum_of(v, p)} = ${ordered}(${sum_of(v, p)});
% endfor
% endif
% for v in range(outputs):
    float* out${v} = tile.out${f" + {v} * tile.plane_step" if v else ""};
% endfor
<%
crossing = ragged and pixels > 1
near = crossing and pixels <= FEW_PLACES
ways = (("at", "gap"), ("from", "residual_gap")) if residual else (("at", "gap"),)
indent = " " * (8 if crossing and not near else 4)
%>\
% if near:
% for name, _ in ways:
    std::ptrdiff_t ${", ".join(f"{name}{p} = {p} * kLanes" for p in range(1, pixels))};
% endfor
    if (tile.cut < ${pixels}) {
${passed()}\
% for name, gap in ways:
% for p in range(1, pixels):
        ${name}${p} += tile.${gap} & past${p};
% endfor
% endfor
    }
% elif crossing:
    const auto finish = [&](${", ".join(f"std::ptrdiff_t {name}{p}" for name, _ in ways for p in range(1, pixels))}) __attribute__((always_inline)) {
% endif
% if waits:
${indent}if (!tile.first) {
% for v, p in places:
${indent}    ${sum_of(v, p)} = ${sum_of(v, p)} + load(out${v}${at[p]});
% endfor
${indent}}
${indent}if (tile.last) {
% endif
<% deeper = indent + "    " if waits else indent %>\
% if finishes:
% for v in range(outputs):
${deeper}const vec bias${v} = load(tile.bias + ${v} * kLanes);
% if residual:
${deeper}const float* residual${v} = tile.residual${f" + {v} * tile.residual_step" if v else ""};
% endif
% endfor
% endif
% if waits:
% for v, p in places:
${deeper}${sum_of(v, p)} = ${finished(v, p)};
% endfor
${indent}}
% elif finishes:
${indent}// Pixel by pixel, and the bias before the last sum is known: the next tile's first products come in between.
% endif
% for v, p in places:
${indent}store(out${v}${at[p]}, ${finished(v, p) if finishes and not waits else sum_of(v, p)});
% endfor
% if crossing and not near:
    };
    if (tile.cut >= ${pixels}) {
        finish(${", ".join([f"{p} * kLanes" for p in range(1, pixels)] * len(ways))});
    } else {
${passed()}\
        finish(${", ".join(f"{p} * kLanes + (tile.{gap} & past{p})" for _, gap in ways for p in range(1, pixels))});
    }
% endif
}
</%def>\
