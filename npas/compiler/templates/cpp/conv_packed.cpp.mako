<%page args="view"/>\
// Convolution over lists of kept positions in copies of the input: ${view.summary}.
#include "${view.name}.h"
#include "npas/functions.h"
#include "npas/packing.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace ${view.namespace} {

namespace {

constexpr int kLists = ${view.lists};  // of a group, each for a filter

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

<% sums = "ab"[: view.lists] %>\
% for height in dict.fromkeys((view.rows, view.narrow)):
// ${"One filter's list" if view.lists == 1 else "Two filters' lists, entry by entry,"} on ${height} line${"s" if height > 1 else ""}; after the first channel block, the sums begin with what the
// others gave. Addresses are known an entry ahead: loads that wait for another one hold up the rest.
void tile_h${height}(const float* in, const std::uint16_t* place, const std::uint16_t* end, const float* weights, bool first,
                 ${", ".join(f"float* sums_{s}" for s in sums)}) {
% for s in sums:
    vec ${", ".join(f"{s}{r}{{}}" for r in range(height))};
% endfor
% for i, s in enumerate(sums):
    const float *x${s} = in + place[${i}] * kLanes, *next_${s} = in + place[${len(sums) + i}] * kLanes;
% endfor
    for (; place != end; place += kLists, weights += kLists) {
% for i, s in enumerate(sums):
        const vec w${s} = broadcast(weights + ${i});
% for r in range(height):
        ${s}${r} = fma(w${s}, load(x${s} + ${r} * kLanes), ${s}${r});
% endfor
% endfor
% for i, s in enumerate(sums):
        x${s} = next_${s};
        next_${s} = in + place[${2 * len(sums) + i}] * kLanes;
% endfor
    }
    if (!first) {
% for s in sums:
% for r in range(height):
        ${s}${r} = ${s}${r} + load(sums_${s} + ${r} * kLanes);
% endfor
% endfor
    }
% for s in sums:
% for r in range(height):
    store(sums_${s} + ${r} * kLanes, ${s}${r});
% endfor
% endfor
}

% endfor
// Lists and weights pass by once for each tile, a few lines at a visit: short loops leave the hardware's fetching behind.
constexpr int kAhead = 512, kLine = 16;  // entries; as many weights, and half as many places, are a line of a cache
inline void fetch_lists(const Indexed& conv, std::ptrdiff_t from, int lines) {
    for (int i = 0; i < lines; ++i) {
        if (i % 2 == 0) __builtin_prefetch(conv.places + from + kAhead + i * kLine);
        __builtin_prefetch(conv.weights + from + kAhead + i * kLine);
    }
}

}  // namespace

// Tile by tile: a channel block or a few are copied, so that every tap begins in line, and every filter passes over the
// copy block by block.
// Threads share out tiles, each with sums of its own, or filters, and the sums are everybody's.
${view.signature} {
    const IndexedSpec& spec = *conv.spec;
    const Share seat = run.seat(), seats = first_of(seat, spec.packing.shares);
    const bool alone = spec.split_pixels, works = seat.thread < seats.threads;  // as many threads as there are copies
    if (alone && !works) return;
    const Share share = alone ? Share{0, 1} : seats;
    const Range groups = works ? conv.groups_of(share) : Range{0, 0};
    const int together = spec.packing.channels / spec.channel_block;  // blocks that are copied at a time
    const int visits = conv.channel_blocks * conv.groups;
    const int fetched = (conv.bounds[visits] / visits * kLists + kLine - 1) / kLine;  // of a visit, in lines
    const Layout& to = *out.layout;
    const Range planes = works ? slice(share, to.planes()) : Range{0, 0};
    float* copy = works ? own_buffer(copies, seat.thread).data : nullptr;
    float* buffer = alone ? own_buffer(buffers, seat.thread).data : buffers.data;
% if view.lists > 1:
    alignas(64) float spare[${view.rows} * kLanes];  // of the filter that an odd one is computed with
    const auto sums_of = [&](std::int32_t filter) { return filter < 0 ? spare : buffer + static_cast<std::ptrdiff_t>(filter) * ${view.rows} * kLanes; };
% else:
    const auto sums_of = [&](std::int32_t filter) { return buffer + static_cast<std::ptrdiff_t>(filter) * ${view.rows} * kLanes; };
% endif
    for (int t = alone ? run.next() : 0; t < spec.tiles; t = alone ? run.next() : t + 1) {
        const Lines lines = lines_of(spec, t);
        for (int block = 0; block < conv.channel_blocks && groups.begin < groups.end; ++block) {
            if (block % together == 0) copy_tile(spec, in, block / together, lines, copy);
            const std::int32_t* bounds = conv.bounds + static_cast<std::ptrdiff_t>(block) * conv.groups;
            for (int group = groups.begin; group < groups.end; ++group) {
                const std::int32_t begin = bounds[group], end = bounds[group + 1];
                if (begin == end && block > 0) continue;
                const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(begin) * kLists;
                const std::uint16_t *place = conv.places + from, *last = place + (end - begin) * kLists;
                const std::int32_t* rows = conv.rows + (static_cast<std::ptrdiff_t>(block) * conv.groups + group) * kLists;
                fetch_lists(conv, from, fetched);
<% given = "copy, place, last, conv.weights + from, block == 0, " + ", ".join(f"sums_of(rows[{i}])" for i in range(view.lists)) %>\
% if view.narrow != view.rows:
                (lines.count == ${view.rows} ? tile_h${view.rows} : tile_h${view.narrow})(${given});
% else:
                tile_h${view.rows}(${given});
% endif
            }
        }
        if (!alone) run.barrier();
<% other = "*residual.layout" if view.residual else "to" %>\
% if view.step > 1:
        leave_in_lanes<${view.rows}>(spec, lines, buffer, planes, to, ${other}, [&](int plane) {
            const vec bias = load(conv.bias + plane * kLanes);
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
        });
% else:
        leave_planar<${view.rows}>(spec, lines, buffer, planes, to, ${other}, [&](int filter, const Places& at, const Places&${" from" if view.residual else ""}, vec sum) {
            const vec biased = sum + broadcast(conv.bias + filter);
            scatter(out.plane(filter), at, epilogue(biased${", gather(residual.plane(filter), from)" if view.residual else ""}));
        });
% endif
        if (!alone) run.barrier();
    }
    const Range margins = slice(seats, to.planes());
    for (int i = margins.begin; works && i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
}

}  // namespace ${view.namespace}
