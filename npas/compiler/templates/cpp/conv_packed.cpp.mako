<%page args="view"/>\
// Convolution over lists of kept positions in copies of the input: ${view.summary}.
#include "${view.name}.h"
#include "npas/packing.h"
#include "npas/functions.h"

namespace ${view.namespace} {

namespace {

constexpr int kLines = ${view.rows};
constexpr int kLineStep = ${view.line_step};  // rows of the copy from one line to the next

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

struct Tile {
    const float* in;
    float* out;
    std::ptrdiff_t pitch;
% if view.residual:
    const float* residual;
    std::ptrdiff_t residual_pitch;
% endif
    const float* bias;
    int pixels;        // of the image in each line
    int tail;          // floats behind the line's vector that are no pixels
    bool first, last;  // of the channel blocks, between which sums wait in `out`
};

% for height in dict.fromkeys((view.rows, view.narrow)):
void tile_h${height}(const Tile& tile, const std::int32_t* offset, const std::int32_t* end, const float* weights) {
    vec ${", ".join(f"a{r}{{}}" for r in range(height))};
    for (; offset != end; ++offset, ++weights) {
        const float* x = tile.in + *offset;
        const vec w = broadcast(weights);
% for r in range(height):
        a${r} = fma(w, load(x + ${r} * kLineStep * kLanes), a${r});
% endfor
    }
    float* out = tile.out;
    const std::ptrdiff_t pitch = tile.pitch;
    if (!tile.first) {
% for r in range(height):
        a${r} = a${r} + load(out + ${r} * pitch);
% endfor
    }
    if (tile.last) {
        const vec bias = broadcast(tile.bias);
        const ivec mask = first_lanes(tile.pixels);
% for r in range(height):
        a${r} = keep(epilogue(a${r} + bias${f", load(tile.residual + {r} * tile.residual_pitch)" if view.residual else ""}), mask);
% endfor
    }
% for r in range(height):
    store(out + ${r} * pitch, a${r});
% endfor
    if (tile.last && tile.tail > 0) clear_tails(out + kLanes, tile.tail, pitch, ${height});
}

% endfor
}  // namespace

// Tile by tile: each channel block is copied, so that every tap begins in line, and every filter passes over the copy.
${view.signature} {
    const IndexedSpec& spec = *conv.spec;
    const Layout& to = *out.layout;
    const Range groups = conv.groups_of(share), tiles = conv.tiles_of(share);
    const int blocks = conv.channel_blocks, columns = spec.grid.columns, bands = spec.tiles / columns;
    for (int t = tiles.begin; t < tiles.end; ++t) {
        const int y = spec.height * (t / columns) / bands, lines = spec.height * (t / columns + 1) / bands - y;
        const int x = t % columns * kLanes, rest = spec.width - x;
        const bool end_of_row = rest <= kLanes;
        for (int block = 0; block < blocks; ++block) {
            copy_tile(spec, in, block, y, lines, x, copy.data);
            for (int group = groups.begin; group < groups.end; ++group) {
                const std::int32_t* bounds = conv.bounds + static_cast<std::ptrdiff_t>(group) * (blocks + 1);
                const bool first = block == 0, last = block + 1 == blocks;
                if (bounds[block] == bounds[block + 1] && !first && !last) continue;
                const int filter = conv.rows[group];
                const Tile tile = {
                    copy.data,
                    out.plane(filter) + y * to.row_step() + x,
                    to.row_step(),
% if view.residual:
                    residual.plane(filter) + y * residual.layout->row_step() + x,
                    residual.layout->row_step(),
% endif
                    conv.bias + group,
                    end_of_row ? rest : kLanes,
                    end_of_row ? to.pitch - x - kLanes : 0,
                    first,
                    last,
                };
                const float* weights = conv.weights + conv.first_weight[group] + (bounds[block] - bounds[0]);
                const std::int32_t *begin = conv.offsets + bounds[block], *end = conv.offsets + bounds[block + 1];
% if view.narrow != view.rows:
                (lines == kLines ? tile_h${view.rows} : tile_h${view.narrow})(tile, begin, end, weights);
% else:
                tile_h${view.rows}(tile, begin, end, weights);
% endif
            }
        }
    }
    if (spec.split_pixels && share.thread != 0) return;  // one thread clears the margins
    for (int i = groups.begin; i < groups.end; ++i) clear_margins(out, conv.rows[i], spec.height * to.pitch);
}

}  // namespace ${view.namespace}
