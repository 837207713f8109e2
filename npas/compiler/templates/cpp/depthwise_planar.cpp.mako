<%page args="view"/>\
<%
rows, vectors = range(view.rows), [chr(97 + v) for v in range(view.vectors)]
split = view.stride[1] == 2
left, right = view.edges
offsets = [tap * view.dilation[1] - left for tap in range(view.window[1])]
outside_left = [tap for tap, offset in enumerate(offsets) if offset < 0]
outside_right = [tap for tap, offset in enumerate(offsets) if offset > offsets[-1] - right]
taps = view.window[0] * view.window[1]
pieces = sorted({offset // 2 * 2 for offset in offsets})


def vector(count, offset):
    """So many vectors and floats further on."""
    words = [f" + {count} * kLanes" if count > 1 else " + kLanes"] if count else []
    words += [f" {'-' if offset < 0 else '+'} {abs(offset)}"] if offset else []
    return "".join(words)


def place(row, count, step):
    """So many rows and vectors further on."""
    return (f" + {row} * {step}" if row > 1 else f" + {step}" if row else "") + vector(count, 0)


def piece_of(offset, letter, v):
    """A vector of a pair that holds every other pixel from an even column on."""
    return f"{letter}{offset // 2 * 2 - pieces[0]}{v}"
%>\
// Depthwise convolution, pixels in lanes: ${view.summary}.
#include "${view.name}.h"
#include "npas/functions.h"
#include "npas/indexed.h"
#include "npas/simd.h"

namespace ${view.namespace} {

namespace {

constexpr int kRows = ${view.rows};
% if not view.whole:
constexpr int kTile = ${view.vectors} * kLanes;
% endif

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

% if outside_left or outside_right:
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
struct Tile {
    const float* in;  // under the output's first pixel, without padding on the left
    std::ptrdiff_t row_step;
    int first, height;  // row of the input under the first tap, and rows that there are
    float* out;
    std::ptrdiff_t out_row_step;
% if view.residual:
    const float* residual;
    std::ptrdiff_t residual_row_step;
% endif
% if not view.stay:
    const float* weights;
% endif
    vec bias;

    bool has(int row) const { return static_cast<unsigned>(first + row) < static_cast<unsigned>(height); }
};

% if view.stay:
// Of a plane, in registers.
struct Weights {
    explicit Weights(const float* w) {
% for t in range(taps):
        w${t} = broadcast(w + ${t});
% endfor
    }

    vec ${", ".join(f"w{t}" for t in range(taps))};
};
% endif

// Each vector of the input is multiplied for all rows whose windows it lies under. Without a test where the tile is
// neither the first nor the last of its rows, or of its columns.
template <bool First, bool Last, bool Inside>
[[gnu::always_inline]] inline void compute(const Tile& tile${", const Weights& weights" if view.stay else ""}${", const Edges& edges" if outside_left or outside_right else ""}) {
    vec ${", ".join(f"a{r}{v} = tile.bias" for r in rows for v in vectors)};
% for line in view.lines:
    if (Inside || tile.has(${line.offset})) {
        const float* x = tile.in${f" + {line.offset} * tile.row_step" if line.offset else ""};
% for i, v in enumerate(vectors):
% if split:
% for piece in pieces:
        const vec ${piece_of(piece, "p", v)} = load(x${vector(2 * i, piece)}), ${piece_of(piece, "q", v)} = load(x${vector(2 * i + 1, piece)});
% endfor
% endif
% endfor
% for tap, offset in enumerate(offsets):
% for i, v in enumerate(vectors):
% if split:
        vec x${tap}${v} = ${"odds" if offset % 2 else "evens"}_of_fours(${piece_of(offset, "p", v)}, ${piece_of(offset, "q", v)});
% else:
        vec x${tap}${v} = load(x${vector(i, offset)});
% endif
% if tap in outside_left and i == 0:
        if constexpr (First) x${tap}${v} = keep(x${tap}${v}, load(edges.left${tap}.mask));
% endif
% if tap in outside_right and i == len(vectors) - 1:
        if constexpr (Last) x${tap}${v} = keep(x${tap}${v}, load(edges.right${tap}.mask));
% endif
% endfor
% for r, k in line.uses:
<% weight = f"weights.w{k * view.window[1] + tap}" if view.stay else f"w{r}_{tap}" %>\
% if not view.stay:
        const vec ${weight} = broadcast(tile.weights + ${k * view.window[1] + tap});
% endif
% for v in vectors:
        a${r}${v} = fma(${weight}, x${tap}${v}, a${r}${v});
% endfor
% endfor
% endfor
    }
% endfor
% for r in rows:
% for i, v in enumerate(vectors):
<% sum_ = f"ordered_pairs(a{r}{v})" if split else f"a{r}{v}" %>\
    store(tile.out${place(r, i, "tile.out_row_step")}, epilogue(${sum_}${f", load(tile.residual{place(r, i, 'tile.residual_row_step')})" if view.residual else ""}));
% endfor
% endfor
}

template <bool Inside>
[[gnu::always_inline]] inline void compute_row(Tile tile${", const Weights& weights" if view.stay else ""}${", const Edges& edges" if outside_left or outside_right else ""}${", int columns" if not view.whole else ""}) {
<% rest = (", weights" if view.stay else "") + (", edges" if outside_left or outside_right else "") %>\
% if view.whole:
    compute<true, true, Inside>(tile${rest});
% else:
    const auto to_column = [&](int by) {
        tile.in += by * kTile * ${view.stride[1]};
        tile.out += by * kTile;
% if view.residual:
        tile.residual += by * kTile;
% endif
    };
    to_column(columns - 1);
    compute<false, true, Inside>(tile${rest});
    for (int column = columns - 2; column > 0; --column) {
        to_column(-1);
        compute<false, false, Inside>(tile${rest});
    }
    to_column(-1);
    compute<true, false, Inside>(tile${rest});
% endif
}

}  // namespace

// Rows from the top down, the last ones perhaps twice, and in these tiles from the right: the end of a row's last vector
// lies where the next row begins, which is written later.
${view.signature} {
    const Layout &from = *in.layout, &to = *out.layout;
% if not view.whole:
    const int columns = (to.width + kTile - 1) / kTile;
% endif
% if outside_left or outside_right:
    const Edges edges(from.width${", (to.width - 1) / kLanes * kLanes" if outside_right else ""});
% endif
<% rest = (", weights" if view.stay else "") + (", edges" if outside_left or outside_right else "") %>\
    const Range planes = slice(share, to.channels);
    for (int plane = planes.begin; plane < planes.end; ++plane) {
% if view.stay:
        const Weights weights(layer.weights + static_cast<std::ptrdiff_t>(plane) * ${taps});
% endif
        for (int next = 0; next < to.height; next += kRows) {
            const int y = next + kRows < to.height ? next : to.height - kRows;
            const int first = y * ${view.stride[0]} - layer.spec->top;
            const Tile tile = {
                in.plane(plane) + first * from.row_step(),
                from.row_step(),
                first,
                from.height,
                out.plane(plane) + y * to.row_step(),
                to.row_step(),
% if view.residual:
                residual.plane(plane) + y * residual.layout->row_step(),
                residual.layout->row_step(),
% endif
% if not view.stay:
                layer.weights + static_cast<std::ptrdiff_t>(plane) * ${taps},
% endif
                broadcast(layer.bias + plane),
            };
            if (tile.has(0) && tile.has(${view.lines[-1].offset})) {
                compute_row<true>(tile${rest}${", columns" if not view.whole else ""});
            } else {
                compute_row<false>(tile${rest}${", columns" if not view.whole else ""});
            }
        }
% if not view.runs_on:
        clear_gaps(out, plane, {0, to.height});
% endif
    }
}

}  // namespace ${view.namespace}
