<%page args="view"/>\
<%namespace name="common" file="epilogue.mako"/>\
<%namespace name="lanes" file="lanes.mako"/>\
<%
pixels, weights = range(view.pixels), range(view.vectors)
deep = view.depth > 1
planes = range(view.vectors // view.depth)
letter = lambda p: chr(97 + p)
type_ = "float" if deep else "vec"
own = [[f"{v}{letter(p)}" for p in pixels] for v in weights]
more = "    " * view.runs
sum_ = "h" if view.runs else "a"
# What an item has of a plane: a filter's sum in each lane.
of = lambda v, p: f"(vec)({', '.join(f'a{4 * v + i}{letter(p)}' for i in range(4))})" if deep else f"a{v}{letter(p)}"
%>\
// Convolution over lists of kept positions: ${view.summary}.
#define PIXELS ${view.pixels}
#define STEP ${view.step}  // numbers from the input of one pixel to that of the next
#define STORED (${view.vectors} * LANES)  // weights for one entry of a list
#define SLICES ${view.slices}
% if view.slices > 1:
#define PAIRS ${len(planes) * view.pixels}  // of planes and pixels, an item's
% endif
#define OUT out_data, out${", residual_data, residual" if view.residual else ""}

${common.epilogue(view)}
// A pixel of a plane. Whose pixel is the last of a row makes zeros of what follows it.
static inline void put(vec sum, int plane, int y, int x, VIEW(out)${", VIEW(residual)" if view.residual else ""}) {
    __global real* to = PLANE(out, plane);
    write_vec(to + y * ROW_STEP(out) + x * LANES, epilogue(sum${", read_vec(PLANE(residual, plane) + y * ROW_STEP(residual) + x * LANES)" if view.residual else ""}));
    if (x + 1 == out.width) clear_row(to, out, y);
}

// A work group has neighbouring pixels of a group of filters, and shares the list. Each pixel of an item is the
// neighbour of the next item's, so that they are read together.
VECTOR_KERNEL ${lanes.size(view.slices * view.items)}void ${view.name}(${lanes.module.parameter(view)}, LISTS, VIEW(in), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const int row_step) {
    const int group = get_global_id(1), items = get_local_size(0) / SLICES;
% if view.slices > 1:
    const int slice = get_local_id(0) / items, item = get_local_id(0) % items;
    __local vec waiting[SLICES * PAIRS * ${view.items}];
% else:
    const int item = get_local_id(0);
% endif
    const int tile = get_group_id(0) + get_group_id(2) * get_num_groups(0);
    const int first = tile * items * PIXELS + item, last = out.height * out.width - 1;
% for p in pixels:
    const int n${letter(p)} = least(first + ${p} * items, last), y${letter(p)} = n${letter(p)} / out.width, x${letter(p)} = n${letter(p)} - y${letter(p)} * out.width;
    const __global real* from${letter(p)} = in_data + in.offset + y${letter(p)} * row_step + x${letter(p)} * STEP;
% endfor
    const int begin = bounds[2 * group], count = bounds[2 * group + 1] - begin;
% if view.slices > 1:
    const int at_first = count * slice / SLICES, behind = count * (slice + 1) / SLICES;
% else:
    const int at_first = 0, behind = count;
% endif
    ${lanes.module.pointer(view, "weight", "(first_weight[group] + at_first * STORED)")}
% for v in weights:
    ${type_} ${", ".join(f"a{v}{letter(p)} = 0.0f" if deep else f"a{v}{letter(p)} = splat(0.0f)" for p in pixels)};
% endfor
${common.begin_run(view, "    ", own, "int k = at_first", "k", "behind")}\
#pragma unroll ${4 if view.vectors * 4 // view.depth * view.pixels <= 32 else 2}
    ${more}for (${"" if view.runs else "int k = at_first"}; k < ${"until" if view.runs else "behind"}; ++k, weight += ${lanes.module.step(view)}) {
        ${more}const int at = offsets[begin + k];
% for p in pixels:
        ${more}const factor${"s" if deep else ""} in${letter(p)} = read_factor${"s" if deep else ""}(from${letter(p)} + at);
% endfor
% for v in weights:
        ${more}const factors w${v} = ${lanes.module.vector(view, "weight", v)};
% for p in pixels:
% if not deep:
        ${more}${sum_}${v}${letter(p)} = fma(w${v}, (factors)(in${letter(p)}), ${sum_}${v}${letter(p)});
% endif
% endfor
% endfor
% if deep and view.runs:
% for v in weights:
% for p in pixels:
        ${more}h${v}${letter(p)} = fma(w${v}, in${letter(p)}, h${v}${letter(p)});  // each channel by itself
% endfor
% endfor
% elif deep:
% for c in range(view.depth):
% for v in weights:
% for p in pixels:
        a${v}${letter(p)} = fma(w${v}.s${c}, in${letter(p)}.s${c}, a${v}${letter(p)});
% endfor
% endfor
% endfor
% endif
    ${more}}
${common.end_run(view, "    ", own, "sum_of_four" if deep else "widened")}\
% if view.slices > 1:
    // Every slice leaves its sums; each then adds up some of all slices' for a plane and a pixel.
    __local vec* own = waiting + slice * PAIRS * items + item;
% for v in planes:
% for p in pixels:
    own[${v * view.pixels + p} * items] = ${of(v, p)};
% endfor
% endfor
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int pair = slice; pair < PAIRS; pair += SLICES) {
        vec sum = waiting[pair * items + item];
        for (int i = 1; i < SLICES; ++i) sum += waiting[(i * PAIRS + pair) * items + item];
        const int plane = group * ${len(planes)} + pair / PIXELS, n = first + pair % PIXELS * items;
        const int y = n / out.width, x = n - y * out.width;
        if (plane < PLANES(out) && n <= last) put(sum + load(bias + plane * LANES), plane, y, x, OUT);
    }
% else:
% for v in planes:
    if (group * ${len(planes)} + ${v} < PLANES(out)) {
        const int plane = group * ${len(planes)} + ${v};
        const vec filters = load(bias + plane * LANES);
% for p in pixels:
        if (first + ${p} * items <= last) put(${of(v, p)} + filters, plane, y${letter(p)}, x${letter(p)}, OUT);
% endfor
    }
% endfor
% endif
}
