<%page args="view"/>\
<%namespace name="lanes" file="lanes.mako"/>\
// Convolution by Winograd's method, tiles of ${view.pixels_out}x${view.pixels_out} from ${view.side}x${view.side} pixels, filters in lanes: ${view.summary}.
#include "npas/winograd_tiles.h"

#include "${view.name}.h"
#include "npas/run.h"
#include "npas/functions.h"

namespace ${view.namespace} {

namespace {

constexpr int kSide = ${view.side};
constexpr int kTile = ${view.pixels_out};
constexpr int kBlock = ${view.step};  // channels in a pixel of the input
constexpr int kPositions = kSide * kSide;
constexpr int kPixels = ${view.pixels};
constexpr int kStep = kLanes;  // from one tile to the next
constexpr int kStored = ${view.vectors} * kLanes;  // filters in a group

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

${lanes.tile_struct(False, True, finishes=False)}\
% for vectors in dict.fromkeys((view.vectors, view.narrow)):
% for pixels in range(view.pixels, 0, -1):
${lanes.tile(vectors, pixels, 1, False, True, finishes=False)}\
% endfor
% endfor

using Multiply = void (*)(const Tile&, const std::int32_t*, const std::int32_t*, const float*);
// By the number of tiles.
constexpr Multiply kMultiply[] = {${", ".join(["nullptr", *(f"tile_v{view.vectors}p{p}" for p in range(1, view.pixels + 1))])}};
% if view.narrow != view.vectors:
constexpr Multiply kMultiplyLast[] = {${", ".join(["nullptr", *(f"tile_v{view.narrow}p{p}" for p in range(1, view.pixels + 1))])}};
% else:
constexpr const Multiply* kMultiplyLast = kMultiply;
% endif

}  // namespace

// A few tiles at a time: transformed, multiplied at each of their positions by itself, transformed back.
// `work` holds the transformed tiles and the sums of every thread, or of all.
${view.signature} {
    const WinogradSpec& spec = *layer.spec;
    const Layout& to = *out.layout;
    const Share all = run.seat(), share = spec.split_tiles ? Share{0, 1} : all;
    const int room = spec.tiles_at_a_time, groups = (spec.filters + kStored - 1) / kStored;
    const int planes = to.planes(), chunks = (spec.tiles + room - 1) / room;
    const std::ptrdiff_t in_step = position_step(spec.planes, room), out_step = position_step(planes, room);
    float* transformed = work.data + (spec.split_tiles ? all.thread * kPositions * (in_step + out_step) : 0);
    float* sums = transformed + kPositions * in_step;
    const int terms = spec.channels * spec.phases();  // of a sum
    const std::int32_t *offsets = layer.offsets, *end = offsets + terms;
    const float* weights = layer.weights;
    const std::ptrdiff_t panel = static_cast<std::ptrdiff_t>(terms) * kStored;
    const auto plane_of = [&](int plane) {
        const vec bias = load(layer.bias + plane * kLanes);
        float* pixels = out.plane(plane);
% if view.residual:
        const float* others = residual.plane(plane);
        return [=](std::ptrdiff_t at, std::ptrdiff_t from, vec sum) {
            store(pixels + at, epilogue(sum + bias, load(others + from)));
        };
% else:
        return [=](std::ptrdiff_t at, std::ptrdiff_t, vec sum) {
            store(pixels + at, epilogue(sum + bias));
        };
% endif
    };
    if (spec.split_tiles && all.thread >= spec.shares) return;  // as many threads as there is room for
    for (int chunk = spec.split_tiles ? run.next() : 0; chunk < chunks; chunk = spec.split_tiles ? run.next() : chunk + 1) {
        const int first = chunk * room, count = spec.tiles - first < room ? spec.tiles - first : room;
        transform_input<kSide, kBlock>(spec, in, first, count, slice(share, spec.planes), room, transformed);
        if (!spec.split_tiles) run.barrier();
        const Range units = slice(share, kPositions * groups);
        const int columns = (count + kPixels - 1) / kPixels;
        for (int unit = units.begin; unit < units.end; ++unit) {
            const int position = unit / groups, group = unit % groups;
            const Multiply* multiply = group + 1 < groups ? kMultiply : kMultiplyLast;
            const float* tiles = transformed + position * in_step;
            float* target = sums + position * out_step +
                            static_cast<std::ptrdiff_t>(group) * (kStored / kLanes) * room * kLanes;
            // The next unit's weights come from far: they are fetched while this one's tiles run.
            const float* coming = weights + (unit + 1 < kPositions * groups ? unit + 1 : unit) * panel;
            const int pace = (kStored + columns - 1) / columns;
            for (int column = 0; column < columns; ++column) {
                const Range part = slice({column, columns}, count);
                const Tile tile = {tiles + part.begin * kLanes,
                                   target + part.begin * kLanes,
                                   static_cast<std::ptrdiff_t>(room) * kLanes,
                                   coming + static_cast<std::ptrdiff_t>(column) * terms * pace,
                                   pace};
                multiply[part.end - part.begin](tile, offsets, end, weights + unit * panel);
            }
        }
        if (!spec.split_tiles) run.barrier();
        transform_output<kSide, kTile>(spec, out, ${"*residual.layout" if view.residual else "to"}, first, count,
                                       slice(share, planes), room, sums, plane_of);
    }
    const int threads = spec.split_tiles && spec.shares < all.threads ? spec.shares : all.threads;
    const Range margins = slice({all.thread, threads}, planes);
    for (int i = margins.begin; i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
}

}  // namespace ${view.namespace}
