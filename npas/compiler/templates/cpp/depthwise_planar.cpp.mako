<%page args="view"/>\
<%
down, vectors = view.walk, [chr(97 + v) for v in range(view.vectors)]
split = view.stride[1] == 2
(height, width), across = view.written, down.across
outside = bool(down.left or down.right)
taps = view.window[0] * view.window[1]
pieces = sorted({offset // 2 * 2 for offset in down.offsets})
sums = [[[f"s{s}r{row}{v}" for v in vectors] for row in range(down.open_rows)] for s in range(len(down.strips))]
arguments = ", weights, edges" if outside else ", weights"


def vector(count, offset):
    """So many vectors and floats further on."""
    words = [f" + {count} * kLanes" if count > 1 else " + kLanes"] if count else []
    words += [f" {'-' if offset < 0 else '+'} {abs(offset)}"] if offset else []
    return "".join(words)


def rows(count, step):
    """So many rows further on."""
    by = f"{abs(count)} * {step}" if abs(count) > 1 else step
    return f" {'-' if count < 0 else '+'} {by}" if count else ""


def times(count, factor):
    return f"{count} * {factor}" if factor > 1 else count


def plus(number):
    return f" {'-' if number < 0 else '+'} {abs(number)}" if number else ""


def piece_of(offset, letter, v):
    """A vector of a pair that holds every other pixel from an even column on."""
    return f"{letter}{offset // 2 * 2 - pieces[0]}{v}"
%>\
<%def name="line_of(line, sums, indent)">\
% for i, v in enumerate(vectors):
% if split:
% for piece in pieces:
${indent}const vec ${piece_of(piece, "p", v)} = load(x${vector(2 * i, piece)}), ${piece_of(piece, "q", v)} = load(x${vector(2 * i + 1, piece)});
% endfor
% endif
% endfor
% for tap, offset in enumerate(down.offsets):
% for i, v in enumerate(vectors):
% if split:
${indent}vec x${tap}${v} = ${"odds" if offset % 2 else "evens"}_of_fours(${piece_of(offset, "p", v)}, ${piece_of(offset, "q", v)});
% else:
${indent}vec x${tap}${v} = load(x${vector(i, offset)});
% endif
% if tap in down.left and i == 0:
${indent}if constexpr (First) x${tap}${v} = keep(x${tap}${v}, load(edges.left${tap}.mask));
% endif
% if tap in down.right and i == len(vectors) - 1:
${indent}if constexpr (Last) x${tap}${v} = keep(x${tap}${v}, load(edges.right${tap}.mask));
% endif
% endfor
% for row, k in line.uses:
% for i, v in enumerate(vectors):
${indent}${sums[row][i]} = fma(weights.w${k * view.window[1] + tap}, x${tap}${v}, ${sums[row][i]});
% endfor
% endfor
% endfor
</%def>\
// Depthwise convolution, pixels in lanes: ${view.summary}.
#include "npas/few_registers.h"

#include "${view.name}.h"

#include <type_traits>

#include "npas/functions.h"
#include "npas/indexed.h"
#include "npas/simd.h"

namespace ${view.namespace} {

namespace {

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

% if outside:
// Of the first or the last vector of a row, the lanes under whose pixels a tap lies in the image: rows need no margins.
struct Edge {
    Edge(int first, int offset) {
        for (int lane = 0; lane < kLanes; ++lane) {
% if split:
            const int pixel = lane / 4 * 2 + lane % 2 + (lane % 4 < 2 ? 0 : kLanes / 2);  // as evens_of_fours puts them
% else:
            const int pixel = lane;
% endif
            const int column = ${times("(first + pixel)", view.stride[1])} + offset;
            mask[lane] = column >= 0 && column < ${view.read[1]} ? -1 : 0;
        }
    }

    alignas(64) std::int32_t mask[kLanes];
};

struct Edges {
% for tap in down.left:
    Edge left${tap}{0, ${down.offsets[tap]}};
% endfor
% for tap in down.right:
    Edge right${tap}{${down.last}, ${down.offsets[tap]}};
% endfor
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

struct Plane {
    const float* in;
    std::ptrdiff_t row_step;
    float* out;
    std::ptrdiff_t out_row_step;
% if view.residual:
    const float* residual;
    std::ptrdiff_t residual_row_step;
% endif
    vec bias;
};

// Down a plane from some column on. Each vector of the input is multiplied for all rows of the output whose windows it
// lies under.
template <bool First, bool Last>
[[gnu::always_inline]] inline void walk(const Plane& plane, int column${", const Weights& weights, const Edges& edges" if outside else ", const Weights& weights"}) {
% for s, strip in enumerate(down.strips):
    // Rows ${strip.first} to ${strip.first + down.rows - 1}.
    const float* in${s} = plane.in + ${times("column", view.stride[1])}${rows(strip.under, "plane.row_step")};
    float* out${s} = plane.out + column${rows(strip.first, "plane.out_row_step")};
% if view.residual:
    const float* residual${s} = plane.residual + column${rows(strip.first, "plane.residual_row_step")};
% endif
    vec ${", ".join(f"{sum_} = plane.bias" for row in sums[s] for sum_ in row)};
% for line in strip.before:
    {
        const float* x = in${s}${rows(line.offset, "plane.row_step")};
${line_of(line, sums[s], " " * 8)}\
    }
% endfor
% endfor
    const auto step = [&](auto inside, [[maybe_unused]] int row) __attribute__((always_inline)) {
        [[maybe_unused]] const auto has = [](int line) { return static_cast<unsigned>(line) < ${view.read[0]}; };
% for s, strip in enumerate(down.strips):
% for line in down.step:
        if (inside.value || has(${times("row", view.stride[0])}${plus(strip.under + line.offset)})) {
            const float* x = in${s}${rows(line.offset, "plane.row_step")};
${line_of(line, sums[s], " " * 12)}\
        }
% endfor
% for i in range(len(vectors)):
<% sum_ = f"ordered_pairs({sums[s][0][i]})" if split else sums[s][0][i] %>\
        store(out${s}${vector(i, 0)}, epilogue(${sum_}${f", load(residual{s}{vector(i, 0)})" if view.residual else ""}));
% endfor
% for row in range(down.open_rows):
% for i in range(len(vectors)):
        ${sums[s][row][i]} = ${sums[s][row + 1][i] if row + 1 < down.open_rows else "plane.bias"};
% endfor
% endfor
        in${s}${f" += {view.stride[0]} * plane.row_step" if view.stride[0] > 1 else " += plane.row_step"};
        out${s} += plane.out_row_step;
% if view.residual:
        residual${s} += plane.residual_row_step;
% endif
% endfor
    };
    for (int row = 0; row < ${down.rows}; ++row) {
% if down.inside == (0, down.rows):
        step(std::true_type{}, row);
% elif down.inside == (0, 0):
        step(std::false_type{}, row);
% else:
        if (${" && ".join([f"row >= {down.inside[0]}"] * (down.inside[0] > 0) + [f"row < {down.inside[1]}"] * (down.inside[1] < down.rows))}) {
            step(std::true_type{}, row);
        } else {
            step(std::false_type{}, row);
        }
% endif
    }
}

}  // namespace

${view.signature} {
    const Layout &from = *in.layout, &to = *out.layout;
% if outside:
    const Edges edges;
% endif
    const Range planes = slice(share, to.channels);
    for (int channel = planes.begin; channel < planes.end; ++channel) {
        const Weights weights(layer.weights + static_cast<std::ptrdiff_t>(channel) * ${taps});
        const Plane plane = {
            in.plane(channel),
            from.row_step(),
            out.plane(channel),
            to.row_step(),
% if view.residual:
            residual.plane(channel),
            residual.layout->row_step(),
% endif
            broadcast(layer.bias + channel),
        };
% if across >= width:
        walk<true, true>(plane, 0${arguments});
% else:
        walk<true, false>(plane, 0${arguments});
% if width > 2 * across:
        for (int column = ${across}; column < ${width - across}; column += ${across}) walk<false, false>(plane, column${arguments});
% endif
        walk<false, true>(plane, ${width - across}${arguments});  // it ends with its row
% endif
% if not view.runs_on:
        clear_gaps(out, channel, {0, ${height}});
% endif
    }
}

}  // namespace ${view.namespace}
