<%page args="view"/>\
<%namespace name="common" file="epilogue.mako"/>\
<%
pixels, columns = range(view.pixels), view.columns[view.pixels]
letter = lambda p: chr(97 + p)
%>\
// Depthwise convolution, channels in lanes: ${view.summary}.
#define PIXELS ${view.pixels}

${common.epilogue(view)}
// A work item has a tile of a row of a plane. A row's tiles are as wide as the kernel, or a pixel narrower.
VECTOR_KERNEL void ${view.name}(const __global float* weights, const __global float* bias, VIEW(in), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const int columns, const int top, const int left) {
    const int column = get_global_id(0) % columns, y = get_global_id(0) / columns, plane = get_global_id(1);
    if (y >= out.height) return;
    const int wide = out.width - columns * (PIXELS - 1);
    const int own = column < wide ? PIXELS : PIXELS - 1;
    const int x = column * PIXELS - most(column - wide, 0);
    const __global real* from = PLANE(in, plane) + (y * ${view.stride[0]} - top) * ROW_STEP(in) + (x * ${view.stride[1]} - left) * LANES;
    const __global float* w = weights + plane * ${view.window[0] * view.window[1]} * LANES;
    const vec start = load(bias + plane * LANES);
    vec ${", ".join(f"a{letter(p)} = start" for p in pixels)};
    for (int i = 0; i < ${view.window[0]}; ++i, from += ${view.dilation[0]} * ROW_STEP(in), w += ${view.window[1]} * LANES) {
% for t in range(view.window[1]):
        const vec w${t} = load(w + ${t} * LANES);
% endfor
% for column in columns:
        const vec x${column.offset} = read_vec(from + ${column.offset} * LANES);
% for p, t in column.uses:
        a${letter(p)} = fma(w${t}, x${column.offset}, a${letter(p)});
% endfor
% endfor
    }
    __global real* to = PLANE(out, plane) + y * ROW_STEP(out) + x * LANES;
% if view.residual:
    const __global real* other = PLANE(residual, plane) + y * ROW_STEP(residual) + x * LANES;
% endif
% for p in pixels:
<% guard = "if (own == PIXELS) " if p and p + 1 == view.pixels else "" %>\
    ${guard}write_vec(to + ${p} * LANES, epilogue(a${letter(p)}${f", read_vec(other + {p} * LANES)" if view.residual else ""}));
% endfor
    if (x + own == out.width) clear_row(PLANE(out, plane), out, y);
}
