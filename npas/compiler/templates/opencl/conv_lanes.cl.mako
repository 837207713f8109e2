<%page args="view"/>\
<%namespace name="common" file="epilogue.mako"/>\
<%namespace name="lanes" file="lanes.mako"/>\
<%
local, buffer = (view.placement == name for name in ("local", "buffer"))
together = view.blocks or local  # barriers are for all items of a work group
pixels, lists = range(view.pixels), range(view.lists)
sums = range(view.vectors * view.lists)
outputs = range(len(sums) // view.depth)
list_at = lambda l: f"({view.lists} * group + {l})" if view.lists > 1 else "group"
number = lambda l: l if view.lists > 1 else ""
letter = lambda p: chr(97 + p)
of_list = lambda l: [[f"{v}{letter(p)}" for p in pixels] for v in sums[l * view.vectors : (l + 1) * view.vectors]]
more = "    " * view.runs
behind = lambda end: "until" if view.runs else end
broadcast = "read_factor_in_all" if view.depth == 1 else "read_factors_in_pairs"
%>\
<%def name="step(indent, l)">\
${indent}const __global real* from = tile + ${"places[i]" if local else f"*offset{number(l)}"};
${lanes.products(view, indent, sums[l * view.vectors : (l + 1) * view.vectors], f"weight{number(l)}", broadcast, "STEP")}\
</%def>\
<%def name="summed(indent, l, fetched)">\
% if local:
${indent}while (offset${number(l)} != end) {
${indent}    const int count = least((int)(end - offset${number(l)}), HELD);
${lanes.fill(view, f"weight{number(l)}", indent + "    ")}\
${indent}    for (int i = get_local_id(0); i < count; i += get_local_size(0)) places[i] = offset${number(l)}[i];
${indent}    barrier(CLK_LOCAL_MEM_FENCE);
${common.begin_run(view, indent + "    ", of_list(l), "int i = 0", "i", "count")}\
${indent + more}    for (${"" if view.runs else "int i = 0"}; i < ${behind("count")}; ++i) {
${step(indent + more + '        ', l)}\
${indent + more}    }
${common.end_run(view, indent + "    ", of_list(l))}\
${indent}    offset${number(l)} += count;
${indent}    weight${number(l)} += count * STORED;
${indent}}
% else:
% if fetched:
${indent}const __global ${"half" if view.half else "float"}* coming = weight${number(l)} + (int)(end - offset${number(l)}) * (STORED + (int)get_local_id(0) * pace);
% endif
${common.begin_run(view, indent, of_list(l), "", f"offset{number(l)}", "end")}\
% if fetched:
${indent + more}for (; offset${number(l)} != ${behind("end")}; ++offset${number(l)}, weight${number(l)} += STORED, coming += pace) {
${indent + more}    fetch(coming);
% else:
${indent + more}for (; offset${number(l)} != ${behind("end")}; ++offset${number(l)}, weight${number(l)} += ${lanes.module.step(view)}) {
% endif
${step(indent + more + '    ', l)}\
${indent + more}}
${common.end_run(view, indent, of_list(l))}\
% endif
</%def>\
// Convolution over lists of kept positions, filters in lanes: ${view.summary}.
#define PIXELS ${view.pixels}
#define STEP ${view.step}  // numbers from the input of one pixel to that of the next
#define STORED (${view.vectors} * LANES)  // weights for one entry of a list
${lanes.room(view)}\

${common.epilogue(view)}
// The tiles of an output: `columns` in a row, the first `wide` of them as wide as the kernel, the others a pixel
// narrower; \
${"all rows of pixels make one." if view.ragged else "`row_step` numbers from the input of one row to that of the next."}
typedef struct {
    int tiles, columns, wide, row_step, blocks;
} Grid;

// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third.
VECTOR_KERNEL void ${view.name}(${lanes.module.parameter(view)}, LISTS, VIEW(in), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const Grid grid) {
    const int group = get_global_id(1);
% if together:
    const int at_most = get_global_id(0) + get_global_id(2) * get_global_size(0);
    const int there = at_most < grid.tiles, t = there ? at_most : grid.tiles - 1;
% else:
    const int t = get_global_id(0) + get_global_id(2) * get_global_size(0);
    if (t >= grid.tiles) return;
% endif
% if view.ragged:
    const int y = 0, column = t;
% else:
    const int y = t / grid.columns, column = t - y * grid.columns;
% endif
    const int own = column < grid.wide ? PIXELS : PIXELS - 1;
    const int x = column * PIXELS - most(column - grid.wide, 0);
    const __global real* tile = in_data + in.offset + y * grid.row_step + x * STEP;
% for l in lists:
    const __global int* bound${number(l)} = bounds + ${list_at(l)} * (${"grid.blocks" if view.blocks else "1"} + 1);
    const __global int* offset${number(l)} = offsets + *bound${number(l)};
    ${lanes.module.pointer(view, f"weight{number(l)}", f"first_weight[{list_at(l)}]")}
% endfor
% for v in sums:
    vec ${", ".join(f"a{v}{letter(p)} = splat(0.0f)" for p in pixels)};
% endfor
% if local:
    __local factors held[HELD * ${view.vectors}];
    __local int places[HELD];
% endif
% if view.blocks:
    // A block of channels at a time, which the group leaves together: its weights stay in a near cache meanwhile${", and" if buffer else "."}
% if buffer:
    // each item fetches its part of those to come.
    const int pace = (STORED + get_local_size(0) - 1) / get_local_size(0);
% endif
    for (int block = 0; block < grid.blocks; ++block) {
% for l in lists:
        {
            const __global int* end = offsets + *++bound${number(l)};
${summed(' ' * 12, l, buffer)}\
        }
% endfor
% if not local:
        barrier(CLK_GLOBAL_MEM_FENCE);
% endif
    }
% else:
% if view.ahead:
    // The next group's weights come from far: each item fetches its part of them.
    const int pace = (STORED + get_local_size(0) - 1) / get_local_size(0);
% endif
% for l in lists:
    {
        const __global int* end = offsets + bound${number(l)}[1];
${summed(' ' * 8, l, view.ahead)}\
    }
% endfor
% endif
% if together:
    if (!there) return;
% endif
% if view.depth == 2:
% for v in outputs:
% for p in pixels:
    a${v}${letter(p)} = ${"pairs" if view.lists > 1 else "plus_swapped"}(a${2 * v}${letter(p)}, a${2 * v + 1}${letter(p)});
% endfor
% endfor
% endif
% if view.ragged:
    // What lies behind the end of a row comes after what follows the row; a tile passes one such end at most.
    const int row = x / out.width, cut = (row + 1) * out.width - x;
    const int gap = ROW_STEP(out) - out.width * LANES, toa = row * ROW_STEP(out) + (x - row * out.width) * LANES;
% if view.residual:
    const int other_gap = ROW_STEP(residual) - out.width * LANES;
    const int othera = row * ROW_STEP(residual) + (x - row * out.width) * LANES;
% endif
% for p in pixels:
% if p:
    const int to${letter(p)} = toa + ${p} * LANES + (cut > ${p} ? 0 : gap)${f", other{letter(p)} = othera + {p} * LANES + (cut > {p} ? 0 : other_gap)" if view.residual else ""};
% endif
% endfor
% else:
    const int toa = y * ROW_STEP(out) + x * LANES${f", othera = y * ROW_STEP(residual) + x * LANES" if view.residual else ""};
% for p in pixels:
% if p:
    const int to${letter(p)} = toa + ${p} * LANES${f", other{letter(p)} = othera + {p} * LANES" if view.residual else ""};
% endif
% endfor
% endif
% for v in outputs:
    if (group * ${len(outputs)} + ${v} < PLANES(out)) {
        const int plane = group * ${len(outputs)} + ${v};
        const vec filters = load(bias + plane * LANES);
        __global real* to = PLANE(out, plane);
% if view.residual:
        const __global real* other = PLANE(residual, plane);
% endif
% for p in pixels:
        ${"if (own == PIXELS) " if p and p + 1 == view.pixels else ""}write_vec(to + to${letter(p)}, epilogue(a${v}${letter(p)} + filters${f", read_vec(other + other{letter(p)})" if view.residual else ""}));
% endfor
    }
% endfor
    // Whose tile has the last pixel of a row makes zeros of what follows it.
    const int behind = least((group + 1) * ${len(outputs)}, PLANES(out));
% if view.ragged:
    for (int ended = row; (ended + 1) * out.width <= x + own; ++ended) {
        for (int plane = group * ${len(outputs)}; plane < behind; ++plane) clear_row(PLANE(out, plane), out, ended);
    }
% else:
    for (int plane = group * ${len(outputs)}; x + own == out.width && plane < behind; ++plane) {
        clear_row(PLANE(out, plane), out, y);
    }
% endif
}
