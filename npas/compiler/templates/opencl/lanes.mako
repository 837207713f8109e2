## What kernels with filters in lanes have in common: products, of weights from where the schedule puts them (see Placement).
<%!
def floats(view):
    """Whether a kernel multiplies floats, whatever others do: what Winograd's method transforms is no value."""
    return view.template == "winograd_lanes"


def parameter(view):
    """The weights, of a kernel's parameters."""
    if view.placement == "image":
        return "__read_only image2d_t weights"
    return f"const __global {'half' if view.half else 'float'}* weights"


def vector(view, weight, i):
    """The i-th vector of an entry; `weight` points to the entry, or numbers its first vector in an image."""
    if view.placement == "local":
        return f"held[i * {view.vectors} + {i}]"
    if view.placement == "image":
        return f"{'texels(vec, read_imagef, ' if floats(view) else f'weights_at{halves(view)}('}weights, {weight} + {i})"
    return f"{loaded(view)}({weight} + {i} * LANES)"


def halves(view):
    """What is said of weights that are stored so."""
    return "_halves" if view.half else ""


def loaded(view):
    """What reads a vector of weights."""
    return "load" if floats(view) else f"weights_of{halves(view)}"


def pointer(view, weight, first):
    """Defines `weight`, the `first` of a list."""
    if view.placement == "image":
        return f"int {weight} = {first} / LANES;"
    return f"const __global {'half' if view.half else 'float'}* {weight} = weights + {first};"


def step(view):
    """From entry to entry."""
    return str(view.vectors) if view.placement == "image" else "STORED"
%>
<%def name="room(view)">\
% if view.placement == "local":
#define HELD (4096 / (STORED * 4))  // entries whose weights a work group holds
% endif
</%def>\
## The work group fills its memory with `count` entries from `weight` on.
<%def name="fill(view, weight, indent)">\
${indent}barrier(CLK_LOCAL_MEM_FENCE);  // nobody reads what was there any more
${indent}for (int i = get_local_id(0); i < count * ${view.vectors}; i += get_local_size(0)) {
${indent}    held[i] = ${loaded(view)}(${weight} + i * LANES);
${indent}}
</%def>\
## Of the vectors of weights that `own` number, with each pixel from `from` on; `weight` is as for `vector`.
<%def name="products(view, indent, own, weight, broadcast, step)">\
<%
pixels = [(p, chr(97 + p)) for p in range(view.pixels)]
type_ = "vec" if floats(view) else "factors"
sum_ = "h" if view.runs else "a"
%>\
% if view.vectors <= view.pixels:
% for i, v in enumerate(own):
${indent}const ${type_} w${v} = ${vector(view, weight, i)};
% endfor
% for p, letter in pixels:
${indent}const ${type_} x${letter} = ${broadcast}(from + ${p} * ${step});
% for v in own:
${indent}${sum_}${v}${letter} = fma(w${v}, x${letter}, ${sum_}${v}${letter});
% endfor
% endfor
% else:
% for p, letter in pixels:
${indent}const ${type_} x${letter} = ${broadcast}(from + ${p} * ${step});
% endfor
% for i, v in enumerate(own):
${indent}const ${type_} w${v} = ${vector(view, weight, i)};
% for p, letter in pixels:
${indent}${sum_}${v}${letter} = fma(w${v}, x${letter}, ${sum_}${v}${letter});
% endfor
% endfor
% endif
</%def>\
\
## Of a kernel whose work groups have just so many items; 0: any number.
<%def name="size(items)">\
% if items:
__attribute__((reqd_work_group_size(${items}, 1, 1))) \
% endif
</%def>\
