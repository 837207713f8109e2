<%page args="view"/>\
<%namespace name="common" file="epilogue.mako"/>\
<%
filters, vectors = range(view.rows), range(view.vectors)
letter = lambda p: chr(97 + p)
own = [[f"{r}{letter(p)}" for p in vectors] for r in filters]
more = "    " * view.runs
sum_ = "h" if view.runs else "a"
%>\
// Convolution over lists of kept positions: ${view.summary}.
#define FILTERS ${view.rows}
#define TILE (${view.vectors} * LANES)

${common.epilogue(view)}
// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third. What is no pixel becomes zero.
VECTOR_KERNEL void ${view.name}(const __global ${"half" if view.half else "float"}* weights, LISTS, VIEW(in), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const int tiles) {
    const int t = get_global_id(0) + get_global_id(2) * get_global_size(0), group = get_global_id(1);
    if (t >= tiles) return;
    const int at = t * TILE;
    const __global real* tile = in_data + in.offset + at;
    const __global int* offset = offsets + bounds[2 * group];
    const __global int* end = offsets + bounds[2 * group + 1];
    const __global ${"half" if view.half else "float"}* weight = weights + first_weight[group];
% for r in filters:
    vec ${", ".join(f"a{r}{letter(p)} = splat(0.0f)" for p in vectors)};
% endfor
${common.begin_run(view, "    ", own, "", "offset", "end")}\
    ${more}for (; offset != ${"until" if view.runs else "end"}; ++offset, weight += FILTERS) {
        ${more}const __global real* from = tile + *offset;
% for p in vectors:
        ${more}const factors x${letter(p)} = read_factors_anywhere(from + ${p} * LANES);
% endfor
% for r in filters:
        ${more}const factors w${r} = one_weight_of${"_halves" if view.half else ""}(weight + ${r});
% for p in vectors:
        ${more}${sum_}${r}${letter(p)} = fma(w${r}, x${letter(p)}, ${sum_}${r}${letter(p)});
% endfor
% endfor
    ${more}}
${common.end_run(view, "    ", own)}\
% for r in filters:
    {
        const int row = rows[group * FILTERS + ${r}];
        if (row >= 0) {
            const vec filter_bias = broadcast(bias + group * FILTERS + ${r});
            __global real* to = PLANE(out, row);
            int x = at % out.pitch;
% for p in vectors:
            write_vec(to + at + ${p} * LANES, keep(epilogue(a${r}${letter(p)} + filter_bias${f", read_vec(PLANE(residual, row) + at + {p} * LANES)" if view.residual else ""}), pixels_at(out, at + ${p} * LANES, x)));
            x = next_column(out, x);
% endfor
            if (t + 1 == tiles) clear_margins(to, out, tiles * TILE);
        }
    }
% endfor
}
