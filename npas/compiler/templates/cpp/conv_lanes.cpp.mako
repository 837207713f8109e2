<%page args="view"/>\
<%namespace name="lanes" file="lanes.mako"/>\
// Convolution over lists of kept positions, filters in lanes: ${view.summary}.
% if view.depth == 1:  # lists of several channels are short, and their constants fit
#include "npas/few_registers.h"

% endif
#include "${view.name}.h"
#include "npas/parts.h"
#include "npas/functions.h"

namespace ${view.namespace} {

namespace {

constexpr int kPixels = ${view.pixels};
constexpr int kStep = ${view.step};  // floats from the input of one pixel to that of the next
constexpr int kStored = ${view.vectors} * kLanes;  // weights for one entry of a list
% if view.lists > 1:
constexpr int kLists = ${view.lists};  // of a group, each for a part of its filters
% endif
constexpr int kRows = kStored${f" * kLists" if view.lists > 1 else ""} / ${view.depth};  // filters in a group

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

% if view.lists > 1:
struct List {
    const std::int32_t *begin, *end;
    const float* weights;
};

% endif
${lanes.tile_struct(view.residual, view.ahead, view.ragged, view.gapped, waits=view.blocks, lists=view.lists)}\
% for vectors in dict.fromkeys((view.vectors, view.narrow)):
% for pixels in dict.fromkeys((view.pixels, max(view.pixels - 1, 1))):
${lanes.tile(vectors, pixels, view.depth, view.residual, view.ahead, view.ragged, view.gapped, waits=view.blocks)}\
% endfor
% endfor

// Fetches the pixels of a tile from all planes of a channel block; `pixels` is the first, of plane 0.
void fetch(const float* pixels, int first_channel, View in, const IndexedSpec& spec) {
    const int begin = first_channel / spec.input_block, end = (first_channel + spec.channel_block) / spec.input_block;
    for (int i = begin; i < end && i < in.layout->planes(); ++i) {
        const float* p = pixels + i * in.layout->plane_step();
        for (int k = 0; k < kPixels * kStep; k += 16) __builtin_prefetch(p + k);
    }
}

}  // namespace

// A few tiles of pixels at a time, channel blocks and groups of filters inside: the tiles' input stays in a near cache
// while every group of filters passes over it.
${view.signature} {
    const IndexedSpec& spec = *conv.spec;
    const Layout& to = *out.layout;
    const Range groups = part.groups, tiles = part.tiles;
% if view.blocks:
    const int blocks = conv.channel_blocks;
% else:
    constexpr int blocks = 1;
% endif
% if view.ragged:
    const std::ptrdiff_t row_gap = to.row_step() - spec.width * kLanes;
% if view.residual:
    const std::ptrdiff_t residual_gap = residual.layout->row_step() - spec.width * kLanes;
% endif
% if view.gapped:
    const std::ptrdiff_t in_gap = spec.grid.row_step - spec.width * kStep;
% endif
% endif
    for (int start = tiles.begin; start < tiles.end; start += spec.tiles_at_a_time) {
        const int most = start + spec.tiles_at_a_time, stop = most < tiles.end ? most : tiles.end;
        for (int block = 0; block < blocks; ++block) {
            for (int group = groups.begin; group < groups.end; ++group) {
% if view.blocks:
                const bool first = block == 0, last = block + 1 == blocks;
% endif
% if view.lists > 1:
                const auto list_of = [&](std::ptrdiff_t list) {
                    const std::int32_t* bounds = conv.bounds + list * (blocks + 1);
                    return List{conv.offsets + bounds[block], conv.offsets + bounds[block + 1],
                                conv.weights + conv.first_weight[list] +
                                    static_cast<std::ptrdiff_t>(bounds[block] - bounds[0]) * kStored};
                };
                const List lists[kLists] = {${", ".join(f"list_of(group * kLists + {i})" for i in range(view.lists))}};
% if view.blocks:
                if (${" && ".join(f"lists[{i}].begin == lists[{i}].end" for i in range(view.lists))} && !first && !last) continue;
% endif
% else:
                const std::int32_t* bounds = conv.bounds + static_cast<std::ptrdiff_t>(group) * (blocks + 1);
% if view.blocks:
                if (bounds[block] == bounds[block + 1] && !first && !last) continue;
% endif
                const float* weights = conv.weights + conv.first_weight[group] +
                                       static_cast<std::ptrdiff_t>(bounds[block] - bounds[0]) * kStored;
                const std::int32_t *begin = conv.offsets + bounds[block],
                                   *end = conv.offsets + bounds[block + 1];
% endif
                const int plane = group * (kRows / kLanes) - part.plane;
% if view.ahead:
                // The next group's weights come from far: they are fetched while this group's tiles run.
                const int following = group + 1 < groups.end ? group + 1 : group;
% if view.lists > 1:
                const List then[kLists] = {${", ".join(f"list_of(following * kLists + {i})" for i in range(view.lists))}};
% else:
                const std::int32_t* then = conv.bounds + static_cast<std::ptrdiff_t>(following) * (blocks + 1);
                const float* coming = conv.weights + conv.first_weight[following] +
                                      static_cast<std::ptrdiff_t>(then[block] - then[0]) * kStored;
% endif
                const int pace = (kStored + stop - start - 1) / (stop - start);
% endif
% if view.far:
                // Far rows: while some are read by a group, it fetches its part of the planes of as many next ones.
                const int step = static_cast<int>(spec.grid.row_step / in.layout->row_step());
                const int seen = start / spec.grid.columns, next = stop / spec.grid.columns;
                Coming coming_rows(in, slice({block * conv.groups + group, blocks * conv.groups}, in.layout->planes()),
                                   {next * step + 1, (2 * next - seen) * step + 1}, {0, in.layout->width},
                                   stop - start);
% endif
                // A 1x1 layer's tile is a few lines of each plane: too many streams for the hardware to foresee.
                const bool ahead = spec.taps == 1 && group == groups.begin;
% if view.ragged:
                int column = start;  // all rows of pixels make one
% else:
                int y = start / spec.grid.columns, column = start % spec.grid.columns;
% endif
                const int passed = column * kPixels - (column < spec.grid.wide ? 0 : column - spec.grid.wide);
% if view.ragged:
                int left = passed % spec.width;
                const int row = passed / spec.width - part.row;
                const float* from = in.data + passed * kStep${" + passed / spec.width * in_gap" if view.gapped else ""};
% else:
                const float* from = in.data + static_cast<std::ptrdiff_t>(y) * spec.grid.row_step + passed * kStep;
                const int left = passed, row = y - part.row;
% endif
                float* target = out.plane(plane) + row * to.row_step() + left * kLanes;
% if view.residual:
                const float* other = residual.plane(plane) + row * residual.layout->row_step() + left * kLanes;
% endif
                for (int t = start; t < stop; ++t) {
                    const bool wide = column < spec.grid.wide;
                    const Tile tile = {
                        from,
                        target,
                        to.plane_step(),
% if view.residual:
                        other,
                        residual.layout->plane_step(),
% endif
                        conv.bias + static_cast<std::ptrdiff_t>(group) * kRows,
% if view.blocks:
                        first,
                        last,
% endif
% if view.ahead:
% if view.lists > 1:
                        {${", ".join(f"then[{i}].weights + static_cast<std::ptrdiff_t>(t - start) * (lists[{i}].end - lists[{i}].begin) * pace" for i in range(view.lists))}},
% else:
                        coming + static_cast<std::ptrdiff_t>(t - start) * (end - begin) * pace,
% endif
                        pace,
% endif
% if view.ragged:
                        spec.width - left,
                        row_gap,
% if view.residual:
                        residual_gap,
% endif
% if view.gapped:
                        in_gap,
% endif
% endif
                    };
<%def name="call(vectors, indent)">\
<% given = "lists" if view.lists > 1 else "begin, end, weights" %>\
% if view.pixels > 1:
${indent}if (wide) {
${indent}    tile_v${vectors}p${view.pixels}(tile, ${given});
${indent}} else {
${indent}    tile_v${vectors}p${view.pixels - 1}(tile, ${given});
${indent}}
% else:
${indent}tile_v${vectors}p1(tile, ${given});
% endif
</%def>\
% if view.narrow != view.vectors:
                    if (group + 1 == conv.groups) {
${call(view.narrow, " " * 24)}\
                    } else {
${call(view.vectors, " " * 24)}\
                    }
% else:
${call(view.vectors, " " * 20)}\
% endif
% if view.far:
                    coming_rows.fetch();
% endif
                    if (ahead) fetch(from + kPixels * kStep, block * spec.channel_block, in, spec);
                    const int pixels = wide ? kPixels : kPixels - 1;
                    from += pixels * kStep;
                    target += pixels * kLanes;
% if view.residual:
                    other += pixels * kLanes;
% endif
% if view.ragged:
                    left += pixels;
                    if (left >= spec.width) {
                        left -= spec.width;
                        target += row_gap;
% if view.residual:
                        other += residual_gap;
% endif
% if view.gapped:
                        from += in_gap;
% endif
                    }
                    ++column;
% else:
                    if (++column == spec.grid.columns) {
                        column = 0;
                        ++y;
                        from = in.data + static_cast<std::ptrdiff_t>(y) * spec.grid.row_step;
                        target = out.plane(plane) + (y - part.row) * to.row_step();
% if view.residual:
                        other = residual.plane(plane) + (y - part.row) * residual.layout->row_step();
% endif
                    }
% endif
                }
            }
        }
    }
    const Range rows = {part.rows.begin - part.row, part.rows.end - part.row};
    const int begin = groups.begin * (kRows / kLanes) - part.plane, end = groups.end * (kRows / kLanes) - part.plane;
    for (int i = begin; i < end && i < to.planes(); ++i) clear_gaps(out, i, rows);
}

}  // namespace ${view.namespace}
