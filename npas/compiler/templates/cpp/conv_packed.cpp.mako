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
constexpr int kPlane = kLanes / kLists;  // groups whose sums leave together
constexpr std::ptrdiff_t kSums = ${view.rows} * kLanes;  // of a filter

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

<% sums = "ab"[: view.lists] %>\
// What a visit of a plane's filters shares. Lists and weights lie one behind the other in the order of the groups.
struct Visit {
    const float* copy;
    const std::uint16_t* place;
    const float* weights;
    const std::int32_t *bounds, *end;  // of the groups
    int fetched;                       // lines of lists, for each group
    bool first;                        // of the channel blocks; after it the sums begin with what the others gave
    const float* sums;
    float* out;  // where the next block, or what leaves, finds the sums
% if view.lists > 1:
    const std::int32_t* rows;
    float* spare;  // sums of the filter that an odd one is computed with
% endif
};

// Lists and weights pass by once for each tile, a few lines at a time: short loops leave the hardware's fetching behind.
constexpr int kAhead = 512, kLine = 16;  // entries; as many weights, and half as many places, are a line of a cache
inline void fetch_lists(const std::uint16_t* place, const float* weights, int lines) {
    for (int i = 0; i < lines; ++i) {
        if (i % 2 == 0) __builtin_prefetch(place + kAhead + i * kLine);
        __builtin_prefetch(weights + kAhead + i * kLine);
    }
}

% for height in dict.fromkeys((view.rows, view.narrow)):
// ${"Filter by filter" if view.lists == 1 else "Two filters at a time, entry by entry,"} on ${height} line${"s" if height > 1 else ""}. Addresses are known an entry ahead: loads that wait for another one hold up the
// rest.
void visit_h${height}(const Visit& visit) {
    const float* copy = visit.copy;
    const std::uint16_t* place = visit.place;
    const float* weights = visit.weights;
    const bool first = visit.first, stays = !first && visit.sums == visit.out;  // what a list without entries adds nothing to
% if view.lists == 1:
    const float* sums = visit.sums;
    float* out = visit.out;
    for (const std::int32_t* bounds = visit.bounds; bounds != visit.end; ++bounds, sums += kSums, out += kSums) {
% else:
    const std::int32_t* rows = visit.rows;
    for (const std::int32_t* bounds = visit.bounds; bounds != visit.end; ++bounds, rows += kLists) {
% endif
        const std::uint16_t* end = place + (bounds[1] - bounds[0]) * kLists;
        if (place == end && stays) continue;
        fetch_lists(place, weights, visit.fetched);
% for s in sums:
        vec ${", ".join(f"{s}{r}{{}}" for r in range(height))};
% endfor
% for i, s in enumerate(sums):
        const float *x${s} = copy + place[${i}] * kLanes, *next_${s} = copy + place[${len(sums) + i}] * kLanes;
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
            next_${s} = copy + place[${2 * len(sums) + i}] * kLanes;
% endfor
        }
% if view.lists == 1:
        const float* sums_a = sums;
        float* out_a = out;
% else:
% for i, s in enumerate(sums):
        const bool spare_${s} = rows[${i}] < 0;
        const float* sums_${s} = spare_${s} ? visit.spare : visit.sums + rows[${i}] % kLanes * kSums;
        float* out_${s} = spare_${s} ? visit.spare : visit.out + rows[${i}] % kLanes * kSums;
% endfor
% endif
        if (!first) {
% for s in sums:
% for r in range(height):
            ${s}${r} = ${s}${r} + load(sums_${s} + ${r} * kLanes);
% endfor
% endfor
        }
% for s in sums:
% for r in range(height):
        store(out_${s} + ${r} * kLanes, ${s}${r});
% endfor
% endfor
    }
}

% endfor
<% also = ", const TilePlaces<%d>& from, ConstView residual" % view.rows if view.residual else "" %>\
// Sums of a plane's filters, on as many lines of a tile. What they have in common stands in local constants: after a store
// nothing else stays in registers.
void leave(const Indexed& conv, int plane, const float* sums, int lines, const TilePlaces<${view.rows}>& at, View out${also}) {
    const int left = conv.spec->filters - plane * kLanes, filters = left < kLanes ? left : kLanes;
% if view.step > 1:
    const vec bias = load(conv.bias + plane * kLanes);
    float* pixels = out.plane(plane);
% if view.residual:
    const float* others = residual.plane(plane);
    leave_in_lanes(sums, filters, lines, at, from, [=](std::ptrdiff_t to, std::ptrdiff_t other, vec sum) {
        store(pixels + to, epilogue(sum + bias, load(others + other)));
    });
% else:
    leave_in_lanes(sums, filters, lines, at, at, [=](std::ptrdiff_t to, std::ptrdiff_t, vec sum) {
        store(pixels + to, epilogue(sum + bias));
    });
% endif
% else:
    for (int filter = plane * kLanes; filter < plane * kLanes + filters; ++filter, sums += kSums) {
        const vec bias = broadcast(conv.bias + filter);
        float* pixels = out.plane(filter);
% if view.residual:
        const float* others = residual.plane(filter);
% endif
        for (int line = 0; line < lines; ++line) {
            const vec sum = load(sums + line * kLanes) + bias;
            scatter(pixels, at.of[line], epilogue(sum${", gather(others, from.of[line])" if view.residual else ""}));
        }
    }
% endif
}

}  // namespace

// Tile by tile: a channel block or a few are copied, so that every tap begins in line, and every filter passes over the
// copy block by block. As soon as a plane of filters is through with the last block, its sums leave: by way of the first
// plane's place, which stays near.
// Threads share out tiles, each with sums of its own, or filters, by planes.
${view.signature} {
    const IndexedSpec& spec = *conv.spec;
    const Share seat = run.seat(), seats = first_of(seat, spec.packing.shares);
    if (seat.thread >= seats.threads) return;  // as many threads as there are copies
    const bool alone = spec.split_pixels;
    const Range groups = conv.groups_of(alone ? Share{0, 1} : seats);
    const int together = spec.packing.channels / spec.channel_block;  // blocks that are copied at a time
    const int visits = conv.channel_blocks * conv.groups;
    const int fetched = (conv.bounds[visits] / visits * kLists + kLine - 1) / kLine;  // of a visit, in lines
    const Layout& to = *out.layout;
    float* copy = own_buffer(copies, seat.thread).data;
    float* buffer = alone ? own_buffer(buffers, seat.thread).data : buffers.data;
    float* near = buffer + groups.begin * kLists * kSums;
% if view.lists > 1:
    alignas(64) float spare[kSums];
% endif
    for (int t = alone ? run.next() : 0; t < spec.tiles && groups.begin < groups.end; t = alone ? run.next() : t + 1) {
        const Lines lines = lines_of(spec, t);
        const TilePlaces<${view.rows}> at(spec, lines, to)${", from(spec, lines, *residual.layout)" if view.residual else ""};
        for (int block = 0; block < conv.channel_blocks; ++block) {
            if (block % together == 0) copy_tile(spec, in, block / together, lines, copy);
            const bool is_last = block + 1 == conv.channel_blocks;
            const std::ptrdiff_t before = static_cast<std::ptrdiff_t>(block) * conv.groups;
            const std::int32_t* bounds = conv.bounds + before;
            for (int first = groups.begin; first < groups.end; first += kPlane) {
                const int plane = first / kPlane, beyond = first + kPlane < groups.end ? first + kPlane : groups.end;
                float* sums = buffer + plane * kLanes * kSums;
                float* next = is_last ? near : sums;
                const std::ptrdiff_t entry = static_cast<std::ptrdiff_t>(bounds[first]) * kLists;
                const Visit visit = {copy, conv.places + entry, conv.weights + entry, bounds + first, bounds + beyond, fetched,
                                     block == 0, sums, next${", conv.rows + (before + first) * kLists, spare" if view.lists > 1 else ""}};
% if view.narrow != view.rows:
                (lines.count == ${view.rows} ? visit_h${view.rows} : visit_h${view.narrow})(visit);
% else:
                visit_h${view.rows}(visit);
% endif
                if (is_last) leave(conv, plane, near, lines.count, at, out${", from, residual" if view.residual else ""});
            }
        }
    }
    const Range margins = slice(seats, to.planes());
    for (int i = margins.begin; i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
}

}  // namespace ${view.namespace}
