<%page args="view"/>\
<%namespace name="common" file="epilogue.mako"/>\
<%
pixels, lists = range(view.pixels), range(view.lists)
sums = range(view.vectors * view.lists)
outputs = range(len(sums) // view.depth)
list_at = lambda l: f"({view.lists} * group + {l})" if view.lists > 1 else "group"
number = lambda l: l if view.lists > 1 else ""
letter = lambda p: chr(97 + p)
broadcast = "broadcast" if view.depth == 1 else "broadcast_pair"
load = "load_halves" if view.half else "load"
number_type = "half" if view.half else "float"
%>\
<%def name="step(indent, l)">\
<% own = sums[l * view.vectors : (l + 1) * view.vectors] %>\
${indent}const __global float* from = tile + *offset${number(l)};
% if view.vectors <= view.pixels:
% for i, v in enumerate(own):
${indent}const vec w${v} = ${load}(weight${number(l)} + ${i} * LANES);
% endfor
% for p in pixels:
${indent}const vec x${letter(p)} = ${broadcast}(from + ${p} * STEP);
% for v in own:
${indent}a${v}${letter(p)} = fma(w${v}, x${letter(p)}, a${v}${letter(p)});
% endfor
% endfor
% else:
% for p in pixels:
${indent}const vec x${letter(p)} = ${broadcast}(from + ${p} * STEP);
% endfor
% for i, v in enumerate(own):
${indent}const vec w${v} = ${load}(weight${number(l)} + ${i} * LANES);
% for p in pixels:
${indent}a${v}${letter(p)} = fma(w${v}, x${letter(p)}, a${v}${letter(p)});
% endfor
% endfor
% endif
</%def>\
<%def name="summed(indent, l, fetched)">\
% if fetched:
${indent}const __global ${number_type}* coming = weight${number(l)} + (int)(end - offset${number(l)}) * (STORED + (int)get_local_id(0) * pace);
${indent}for (; offset${number(l)} != end; ++offset${number(l)}, weight${number(l)} += STORED, coming += pace) {
${indent}    fetch(coming);
% else:
${indent}for (; offset${number(l)} != end; ++offset${number(l)}, weight${number(l)} += STORED) {
% endif
${step(indent + '    ', l)}\
${indent}}
</%def>\
// Convolution over lists of kept positions, filters in lanes: ${view.summary}.
#define PIXELS ${view.pixels}
#define STEP ${view.step}  // floats from the input of one pixel to that of the next
#define STORED (${view.vectors} * LANES)  // weights for one entry of a list

${common.epilogue(view)}
// The tiles of an output: `columns` in a row, the first `wide` of them as wide as the kernel, the others a pixel
// narrower; \
${"all rows of pixels make one." if view.ragged else "`row_step` floats from the input of one row to that of the next."}
typedef struct {
    int tiles, columns, wide, row_step, blocks;
} Grid;

// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third.
VECTOR_KERNEL void ${view.name}(INDEXED(${number_type}), VIEW(in), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const Grid grid) {
    const int group = get_global_id(1);
% if view.blocks:
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
    const __global float* tile = in_data + in.offset + y * grid.row_step + x * STEP;
% for l in lists:
    const __global int* bound${number(l)} = bounds + ${list_at(l)} * (${"grid.blocks" if view.blocks else "1"} + 1);
    const __global int* offset${number(l)} = offsets + *bound${number(l)};
    const __global ${number_type}* weight${number(l)} = weights + first_weight[${list_at(l)}];
% endfor
% for v in sums:
    vec ${", ".join(f"a{v}{letter(p)} = splat(0.0f)" for p in pixels)};
% endfor
% if view.blocks:
    // A block of channels at a time, which the group leaves together: its weights stay in a near cache meanwhile, and
    // each item fetches its part of those to come.
    const int pace = (STORED + get_local_size(0) - 1) / get_local_size(0);
    for (int block = 0; block < grid.blocks; ++block) {
% for l in lists:
        {
            const __global int* end = offsets + *++bound${number(l)};
${summed(' ' * 12, l, True)}\
        }
% endfor
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
    if (!there) return;
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
% if view.depth == 2:
% for v in outputs:
% for p in pixels:
    a${v}${letter(p)} = pairs(a${2 * v}${letter(p)}, a${2 * v + 1}${letter(p)});
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
        __global float* to = PLANE(out, plane);
% if view.residual:
        const __global float* other = PLANE(residual, plane);
% endif
% for p in pixels:
        ${"if (own == PIXELS) " if p and p + 1 == view.pixels else ""}store(to + to${letter(p)}, epilogue(a${v}${letter(p)} + filters${f", load(other + other{letter(p)})" if view.residual else ""}));
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
