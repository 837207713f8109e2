<%page args="view"/>\
<%namespace name="common" file="epilogue.mako"/>\
<%
vectors, pixels = range(view.vectors), range(view.pixels)
outputs = range(view.vectors // view.depth)
letter = lambda p: chr(97 + p)
broadcast = "broadcast" if view.depth == 1 else "broadcast_pair"
%>\
// Convolution over lists of kept positions, filters in lanes: ${view.summary}.
#define PIXELS ${view.pixels}
#define STEP ${view.step}  // floats from the input of one pixel to that of the next
#define STORED (${view.vectors} * LANES)  // weights of a group for one entry of its list

${common.epilogue(view)}
// The tiles of an output: `columns` in a row, the first `wide` of them as wide as the kernel, the others a pixel
// narrower; \
${"all rows of pixels make one." if view.ragged else "`row_step` floats from the input of one row to that of the next."}
typedef struct {
    int tiles, columns, wide, row_step;
} Grid;

// Stores a pixel; who has the last one of a row makes zeros of what follows.
inline void put(VIEW(out), ${"VIEW(residual), " if view.residual else ""}int plane, int y, int x, vec sum) {
% if view.ragged:
    y = x / out.width;
    x = x % out.width;
% endif
    __global float* to = PLANE(out, plane);
    store(to + y * ROW_STEP(out) + x * LANES, epilogue(sum${", load(PLANE(residual, plane) + y * ROW_STEP(residual) + x * LANES)" if view.residual else ""}));
    if (x + 1 == out.width) clear_row(to, out, y);
}

// A work item has a tile of a group of filters; a work group shares the list.
__kernel void ${view.name}(INDEXED(${"half" if view.half else "float"}), VIEW(in), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const Grid grid) {
    const int t = get_global_id(0), group = get_global_id(1);
    if (t >= grid.tiles) return;
    const int y = t / grid.columns, column = t % grid.columns;
    const int own = column < grid.wide ? PIXELS : PIXELS - 1;
    const int x = column * PIXELS - most(column - grid.wide, 0);
    const __global float* tile = in_data + in.offset + y * grid.row_step + x * STEP;
    const __global int* offset = offsets + bounds[2 * group];
    const __global int* end = offsets + bounds[2 * group + 1];
    const __global ${"half" if view.half else "float"}* weight = weights + first_weight[group];
% for v in vectors:
    vec ${", ".join(f"a{v}{letter(p)} = splat(0.0f)" for p in pixels)};
% endfor
    for (; offset != end; ++offset, weight += STORED) {
        const __global float* from = tile + *offset;
% for v in vectors:
        const vec w${v} = ${"load_halves" if view.half else "load"}(weight + ${v} * LANES);
% endfor
% for p in pixels:
        const vec x${letter(p)} = ${broadcast}(from + ${p} * STEP);
% for v in vectors:
        a${v}${letter(p)} = fma(w${v}, x${letter(p)}, a${v}${letter(p)});
% endfor
% endfor
    }
% if view.depth == 2:
% for v in outputs:
% for p in pixels:
    a${v}${letter(p)} = pairs(a${2 * v}${letter(p)}, a${2 * v + 1}${letter(p)});
% endfor
% endfor
% endif
% for v in outputs:
    if (group * ${len(outputs)} + ${v} < PLANES(out)) {
        const int plane = group * ${len(outputs)} + ${v};
        const vec filters = load(bias + plane * LANES);
% for p in pixels:
        ${"if (own == PIXELS) " if p and p + 1 == view.pixels else ""}put(out_data, out, ${"residual_data, residual, " if view.residual else ""}plane, y, x + ${p}, a${v}${letter(p)} + filters);
% endfor
    }
% endfor
}
