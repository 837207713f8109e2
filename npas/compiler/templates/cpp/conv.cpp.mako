<%page args="view"/>\
<%
rows, vectors = range(view.rows), range(view.vectors)
%>\
// Convolution over lists of kept positions: ${view.summary}.
#include "${view.name}.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace ${view.namespace} {

namespace {

constexpr int kRows = ${view.rows};
constexpr int kTile = ${view.vectors} * kLanes;

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

struct Tile {
    const float* in;
    float* out;
% if view.residual:
    const float* residual;
    int residual_plane;
% endif
    const std::int32_t* mask;
    int plane;
};

// One group's filters on one tile, over list entries [begin, end). Sums of earlier channel blocks lie in `out`
// where this is not the `first`; bias and epilogue wait for the `last`: small terms added to a large bias one by one
// would lose more.
void group_on_tile(const Tile& tile, const Indexed& conv, int group, std::int32_t begin, std::int32_t end,
                   const float* weights, bool first, bool last) {
    const std::int32_t* row = conv.rows + group * kRows;
    const float* bias = conv.bias + group * kRows;
    const std::int32_t* offsets = conv.offsets;
    const std::ptrdiff_t plane = tile.plane;
% for r in rows:
    float* out${r} = ${"row[%d] < 0 ? nullptr : " % r if view.rows > 1 else ""}tile.out + row[${r}] * plane;
% endfor
% for r in rows:
    vec ${", ".join(f"a{r}{chr(97 + p)}" for p in vectors)};
% endfor
% for r in rows:
    if (first${f" || out{r} == nullptr" if view.rows > 1 else ""}) {
        ${" = ".join(f"a{r}{chr(97 + p)}" for p in vectors)} = vec{};
    } else {
% for p in vectors:
        a${r}${chr(97 + p)} = load(out${r} + ${p} * kLanes);
% endfor
    }
% endfor
    for (std::int32_t k = begin; k < end; ++k, weights += kRows) {
        const float* x = tile.in + offsets[k];
% if view.rows == 1:
        const vec w = broadcast(weights);
% for p in vectors:
        a0${chr(97 + p)} = fma(w, load(x + ${p} * kLanes), a0${chr(97 + p)});
% endfor
% else:
% for p in vectors:
        const vec x${chr(97 + p)} = load(x + ${p} * kLanes);
% endfor
% for r in rows:
        const vec w${r} = broadcast(weights + ${r});
% for p in vectors:
        a${r}${chr(97 + p)} = fma(w${r}, x${chr(97 + p)}, a${r}${chr(97 + p)});
% endfor
% endfor
% endif
    }
% for r in rows:
% if view.rows > 1:
    if (out${r} != nullptr) {
        if (last) {
% if view.residual:
            const float* residual = tile.residual + static_cast<std::ptrdiff_t>(row[${r}]) * tile.residual_plane;
% endif
% for p in vectors:
            a${r}${chr(97 + p)} = keep(epilogue(a${r}${chr(97 + p)} + broadcast(bias + ${r})${f", load(residual + {p} * kLanes)" if view.residual else ""}), load(tile.mask + ${p} * kLanes));
% endfor
        }
% for p in vectors:
        store(out${r} + ${p} * kLanes, a${r}${chr(97 + p)});
% endfor
    }
% else:
    if (last) {
% if view.residual:
        const float* residual = tile.residual + static_cast<std::ptrdiff_t>(row[0]) * tile.residual_plane;
% endif
% for p in vectors:
        a0${chr(97 + p)} = keep(epilogue(a0${chr(97 + p)} + broadcast(bias)${f", load(residual + {p} * kLanes)" if view.residual else ""}), load(tile.mask + ${p} * kLanes));
% endfor
    }
% for p in vectors:
    store(out0 + ${p} * kLanes, a0${chr(97 + p)});
% endfor
% endif
% endfor
}

}  // namespace

// Tiles outside, channel blocks and groups inside, a few tiles at a time: the tiles' input stays in the nearest
// cache while every group of filters passes over it.
${view.signature} {
    const Range groups = conv.groups_of(share), tiles = conv.tiles_of(share);
    const int blocks = conv.channel_blocks;
    for (int start = tiles.begin; start < tiles.end; start += conv.spec->tiles_at_a_time) {
        const int most = start + conv.spec->tiles_at_a_time, stop = most < tiles.end ? most : tiles.end;
        for (int block = 0; block < blocks; ++block) {
            for (int group = groups.begin; group < groups.end; ++group) {
                const std::int32_t* bounds = conv.bounds + static_cast<std::ptrdiff_t>(group) * (blocks + 1);
                const bool first = block == 0, last = block + 1 == blocks;
                if (bounds[block] == bounds[block + 1] && !first && !last) continue;
                const float* weights = conv.weights + conv.first_weight[group] +
                                       static_cast<std::ptrdiff_t>(bounds[block] - bounds[0]) * kRows;
                for (int t = start; t < stop; ++t) {
                    const std::ptrdiff_t pixel = static_cast<std::ptrdiff_t>(t) * kTile;
% if view.residual:
                    const Tile tile = {in.data + pixel,        out.data + pixel,  residual.data + pixel,
                                       residual.layout->plane, conv.mask + pixel, out.layout->plane};
% else:
                    const Tile tile = {in.data + pixel, out.data + pixel, conv.mask + pixel, out.layout->plane};
% endif
                    group_on_tile(tile, conv, group, bounds[block], bounds[block + 1], weights, first, last);
                }
            }
        }
    }
    if (conv.spec->split_pixels && share.thread != 0) return;  // one thread clears the margins
    for (int i = groups.begin * kRows; i < groups.end * kRows; ++i) {
        const std::int32_t row = conv.rows[i];
        if (row >= 0) clear_margins(out, row, conv.spec->tiles * kTile);
    }
}

}  // namespace ${view.namespace}
