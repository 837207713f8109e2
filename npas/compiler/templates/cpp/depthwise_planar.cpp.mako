<%page args="view"/>\
<%
strips, vectors = range(view.strips), [chr(97 + v) for v in range(view.vectors)]
split = view.stride[1] == 2
left, right = view.edges
offsets = [tap * view.dilation[1] - left for tap in range(view.window[1])]
outside_left = [tap for tap, offset in enumerate(offsets) if offset < 0]
outside_right = [tap for tap, offset in enumerate(offsets) if offset > offsets[-1] - right]
outside = bool(outside_left or outside_right)
taps = view.window[0] * view.window[1]
pieces = sorted({offset // 2 * 2 for offset in offsets})
last_line = view.lines[-1].offset
open_rows = range(last_line // view.stride[0] + 1)
begins = [line for line in view.lines if line.offset <= last_line - view.stride[0]]
steps = [line for line in view.lines if line.offset > last_line - view.stride[0]]
arguments = "".join([", weights", ", edges" if outside else ""])


def vector(count, offset):
    """So many vectors and floats further on."""
    words = [f" + {count} * kLanes" if count > 1 else " + kLanes"] if count else []
    words += [f" {'-' if offset < 0 else '+'} {abs(offset)}"] if offset else []
    return "".join(words)


def piece_of(offset, letter, v):
    """A vector of a pair that holds every other pixel from an even column on."""
    return f"{letter}{offset // 2 * 2 - pieces[0]}{v}"


def times(count, step):
    return f"{count} * {step}" if count > 1 else step


def over(count, by):
    """The quotient, rounded up."""
    return f"({count} + {by - 1}) / {by}" if by > 1 else count
%>\
// Depthwise convolution, pixels in lanes: ${view.summary}.
#include "${view.name}.h"

#include <type_traits>

#include "npas/functions.h"
#include "npas/indexed.h"
#include "npas/simd.h"

namespace ${view.namespace} {

namespace {

% if not view.whole:
constexpr int kAcross = ${view.vectors} * kLanes;

% endif
inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

% if outside:
// Of the first or the last vector of a row, the lanes under whose pixels a tap lies in the image: rows need no margins.
struct Edge {
    Edge(int first, int offset, int width) {
        for (int lane = 0; lane < kLanes; ++lane) {
% if split:
            const int pixel = lane / 4 * 2 + lane % 2 + (lane % 4 < 2 ? 0 : kLanes / 2);  // as evens_of_fours puts them
% else:
            const int pixel = lane;
% endif
            const int column = (first + pixel) * ${view.stride[1]} + offset;
            mask[lane] = column >= 0 && column < width ? -1 : 0;
        }
    }

    alignas(64) std::int32_t mask[kLanes];
};

struct Edges {
    explicit Edges(int width${", int last" if outside_right else ""})
        : ${", ".join([f"left{tap}(0, {offsets[tap]}, width)" for tap in outside_left] + [f"right{tap}(last, {offsets[tap]}, width)" for tap in outside_right])} {}

    Edge ${", ".join([f"left{tap}" for tap in outside_left] + [f"right{tap}" for tap in outside_right])};
};

% endif
// Of a plane.
struct Weights {
    explicit Weights(const float* w) {
% for t in range(taps):
        w${t} = broadcast(w + ${t});
% endfor
    }

    vec ${", ".join(f"w{t}" for t in range(taps))};
};

// From some column on.
struct Plane {
    const float* in;
    std::ptrdiff_t row_step;
    int rows;  // of the input
    float* out;
    std::ptrdiff_t out_row_step;
% if view.residual:
    const float* residual;
    std::ptrdiff_t residual_row_step;
% endif
    vec bias;
};

% if view.strips > 1:
// Of as many rows of the output, walked down side by side; the last rows of one may be the next one's too.
% else:
// All rows of the output.
% endif
struct Strips {
    Strips(int height, int rows_read, int top) : rows(${over("height", view.strips)}), line0(-top) {
% for s in strips[1:]:
        first${s} = height - rows < ${times(s, 'rows')} ? height - rows : ${times(s, 'rows')};
        line${s} = ${times(view.stride[0], f"first{s}") if view.stride[0] > 1 else f"first{s}"} - top;
% endfor
        const int above = top${f" - {last_line + 1 - view.stride[0]}" if last_line + 1 > view.stride[0] else ""};
        inside.begin = above > 0 ? ${over("above", view.stride[0])} : 0;
        const int below = rows_read - ${f"{last_line} - " if last_line else ""}line${view.strips - 1};
        inside.end = below > 0 ? ${over("below", view.stride[0])} : 0;
    }

    int rows;
% if view.strips > 1:
    int ${", ".join(f"first{s}" for s in strips[1:])};
% endif
    int ${", ".join(f"line{s}" for s in strips)};  // of the input, under the first taps
    Range inside;  // the steps whose new rows of the input are in the image, of all strips
};

// Each vector of the input is multiplied for all rows whose windows it lies under.
template <bool First, bool Last>
[[gnu::always_inline]] inline void walk(const Plane& plane, const Strips& strips, const Weights& weights${", const Edges& edges" if outside else ""}) {
<%def name="line_of(line, s, indent)">\
% for i, v in enumerate(vectors):
% if split:
% for piece in pieces:
${indent}const vec ${piece_of(piece, "p", v)} = load(x${vector(2 * i, piece)}), ${piece_of(piece, "q", v)} = load(x${vector(2 * i + 1, piece)});
% endfor
% endif
% endfor
% for tap, offset in enumerate(offsets):
% for i, v in enumerate(vectors):
% if split:
${indent}vec x${tap}${v} = ${"odds" if offset % 2 else "evens"}_of_fours(${piece_of(offset, "p", v)}, ${piece_of(offset, "q", v)});
% else:
${indent}vec x${tap}${v} = load(x${vector(i, offset)});
% endif
% if tap in outside_left and i == 0:
${indent}if constexpr (First) x${tap}${v} = keep(x${tap}${v}, load(edges.left${tap}.mask));
% endif
% if tap in outside_right and i == len(vectors) - 1:
${indent}if constexpr (Last) x${tap}${v} = keep(x${tap}${v}, load(edges.right${tap}.mask));
% endif
% endfor
% for row, k in line.uses:
% for v in vectors:
${indent}s${s}r${row}${v} = fma(weights.w${k * view.window[1] + tap}, x${tap}${v}, s${s}r${row}${v});
% endfor
% endfor
% endfor
</%def>\
    const auto in_image = [&](int line) { return static_cast<unsigned>(line) < static_cast<unsigned>(plane.rows); };
% for s in strips:
    const float* in${s} = plane.in + strips.line${s} * plane.row_step;
    float* out${s} = plane.out${f" + strips.first{s} * plane.out_row_step" if s else ""};
% if view.residual:
    const float* residual${s} = plane.residual${f" + strips.first{s} * plane.residual_row_step" if s else ""};
% endif
    int line${s} = strips.line${s};
    vec ${", ".join(f"s{s}r{row}{v} = plane.bias" for row in open_rows for v in vectors)};
% for line in begins:
    if (in_image(line${s}${f" + {line.offset}" if line.offset else ""})) {
        const float* x = in${s}${f" + {times(line.offset, 'plane.row_step')}" if line.offset else ""};
${line_of(line, s, ' ' * 8)}\
    }
% endfor
% endfor
    const auto step = [&](auto inside) __attribute__((always_inline)) {
% for s in strips:
% for line in steps:
        if (inside.value || in_image(line${s}${f" + {line.offset}" if line.offset else ""})) {
            const float* x = in${s}${f" + {times(line.offset, 'plane.row_step')}" if line.offset else ""};
${line_of(line, s, ' ' * 12)}\
        }
% endfor
% for i, v in enumerate(vectors):
<% sum_ = f"ordered_pairs(s{s}r0{v})" if split else f"s{s}r0{v}" %>\
        store(out${s}${vector(i, 0)}, epilogue(${sum_}${f", load(residual{s}{vector(i, 0)})" if view.residual else ""}));
% endfor
% for row in open_rows:
% for v in vectors:
        s${s}r${row}${v} = ${f"s{s}r{row + 1}{v}" if row + 1 in open_rows else "plane.bias"};
% endfor
% endfor
        line${s} += ${view.stride[0]};
        in${s} += ${times(view.stride[0], "plane.row_step")};
        out${s} += plane.out_row_step;
% if view.residual:
        residual${s} += plane.residual_row_step;
% endif
% endfor
    };
    for (int row = 0; row < strips.rows; ++row) {
        if (row >= strips.inside.begin && row < strips.inside.end) {
            step(std::true_type{});
        } else {
            step(std::false_type{});
        }
    }
}

}  // namespace

${view.signature} {
    const Layout &from = *in.layout, &to = *out.layout;
    const Strips strips(to.height, from.height, layer.spec->top);
% if outside:
    const Edges edges(from.width${f", {(view.vectors - 1)} * kLanes" if outside_right and view.whole else ", to.width - kLanes" if outside_right else ""});
% endif
    const Range planes = slice(share, to.channels);
    for (int channel = planes.begin; channel < planes.end; ++channel) {
        const Weights weights(layer.weights + static_cast<std::ptrdiff_t>(channel) * ${taps});
        Plane plane = {
            in.plane(channel),
            from.row_step(),
            from.height,
            out.plane(channel),
            to.row_step(),
% if view.residual:
            residual.plane(channel),
            residual.layout->row_step(),
% endif
            broadcast(layer.bias + channel),
        };
% if view.whole:
        walk<true, true>(plane, strips${arguments});
% else:
        walk<true, false>(plane, strips${arguments});
        const auto to_column = [&](int by) {
            plane.in += by * ${view.stride[1]};
            plane.out += by;
% if view.residual:
            plane.residual += by;
% endif
        };
        int column = kAcross;
        to_column(kAcross);
        for (; column + kAcross < to.width; column += kAcross) {
            walk<false, false>(plane, strips${arguments});
            to_column(kAcross);
        }
        to_column(to.width - kAcross - column);  // it ends with its row
        walk<false, true>(plane, strips${arguments});
% endif
% if not view.runs_on:
        clear_gaps(out, channel, {0, to.height});
% endif
    }
}

}  // namespace ${view.namespace}
