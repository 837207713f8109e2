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
constexpr std::size_t kVector = kLanes;  // in floats, as wide as an address: a place times it need not be made so

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

<%
sums = "ab"[: view.lists]
by_length = view.lists > 1 and view.runs_on  # filters of a piece, not of a plane, which lie one behind the other
waits = view.blocks or not view.runs_on  # sums in memory, for the next block of channels or for those of their plane
at_once = view.runs_on and not view.far  # all filters in one visit: none has anything to leave or to fetch after a plane
%>\
// What a visit of a plane's filters shares. Lists and weights lie one behind the other in the order of the groups.
struct Visit {
    const float* copy;
    const std::uint16_t* place;
    const float* weights;
    const std::int32_t *bounds, *end;  // of the groups
% if view.lists > 1:
    const std::int32_t* rows;  // filters of the groups; an odd one's second is none
% endif
% if waits:
    bool first;  // of the channel blocks; after it the sums begin with what the others gave
    const float* sums;
    float* out;  // where the next block, or what leaves, finds the sums
% endif
% if waits and view.lists > 1:
    float* spare;  // sums of a filter that is none
% endif
% if view.runs_on:
% if waits:
    bool last;  // of the channel blocks: what the sums give goes straight to the output
% endif
    const float* bias;
    float* pixels;  // of the first filter, where the tile begins
    std::ptrdiff_t plane_step;
% if view.residual:
    const float* others;
    std::ptrdiff_t others_step;
% endif
% endif
};

<%def name="finish(height, indent)">\
% for s in sums:
${indent}${"if (!alone) " if s == "b" else ""}{
${indent}    const vec bias = broadcast(visit.bias + filter_${s});
${indent}    float* pixels = visit.pixels + filter_${s} * visit.plane_step;
% if view.residual:
${indent}    const float* others = visit.others + filter_${s} * visit.others_step;
% endif
% for r in range(height):
${indent}    store(pixels + ${r} * kLanes, epilogue(${s}${r} + bias${f", load(others + {r} * kLanes)" if view.residual else ""}));
% endfor
${indent}}
% endfor
</%def>\
% for height in dict.fromkeys((view.rows, view.narrow)):
// ${"Filter by filter" if view.lists == 1 else "Two filters at a time, entry by entry,"} on ${height} line${"s" if height > 1 else ""}. Addresses are known an entry ahead: loads that wait for another one hold up the
// rest.
void visit_h${height}(const Visit& visit) {
    const float* copy = visit.copy;
    const std::uint16_t* place = visit.place;
    const float* weights = visit.weights;
% if view.runs_on and waits:
    const bool first = visit.first, last = visit.last, stays = !first && !last;  // what a list without entries adds nothing to
% elif waits:
    const bool first = visit.first, stays = !first && visit.sums == visit.out;  // what a list without entries adds nothing to
% endif
% if view.runs_on and view.lists == 1:
    std::ptrdiff_t filter_a = -1;
% endif
% if view.lists == 1 and waits:
    const float* sums = visit.sums;
    float* out = visit.out;
    for (const std::int32_t* bounds = visit.bounds; bounds != visit.end; ++bounds, sums += kSums, out += kSums) {
% elif view.lists == 1:
    for (const std::int32_t* bounds = visit.bounds; bounds != visit.end; ++bounds) {
% else:
    const std::int32_t* rows = visit.rows;
    for (const std::int32_t* bounds = visit.bounds; bounds != visit.end; ++bounds, rows += kLists) {
% endif
        const std::uint16_t* end = place + (bounds[1] - bounds[0]) * kLists;
% if view.runs_on and view.lists == 1:
        ++filter_a;
% endif
% if waits:
        if (place == end && stays) continue;
% endif
% for s in sums:
        vec ${", ".join(f"{s}{r}{{}}" for r in range(height))};
% endfor
% for i, s in enumerate(sums):
        const float *x${s} = copy + place[${i}] * kVector, *next_${s} = copy + place[${len(sums) + i}] * kVector;
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
            next_${s} = copy + place[${2 * len(sums) + i}] * kVector;
% endfor
        }
% if view.lists > 1:
        const bool alone = rows[1] < 0;
% for i, s in enumerate(sums):
        const std::ptrdiff_t filter_${s} = ${f"rows[{i}]" if by_length else f"static_cast<std::uint32_t>(rows[{i}]) % kLanes"};
% endfor
% endif
% if waits:
% if view.lists == 1:
        const float* sums_a = sums;
        float* out_a = out;
% else:
        const float *sums_a = visit.sums + filter_a * kSums, *sums_b = alone ? visit.spare : visit.sums + filter_b * kSums;
        float *out_a = visit.out + filter_a * kSums, *out_b = alone ? visit.spare : visit.out + filter_b * kSums;
% endif
        if (!first) {
% for s in sums:
% for r in range(height):
            ${s}${r} = ${s}${r} + load(sums_${s} + ${r} * kLanes);
% endfor
% endfor
        }
% endif
% if view.runs_on and waits:
        if (last) {
${finish(height, "            ")}\
            continue;
        }
% elif view.runs_on:
${finish(height, "        ")}\
% endif
% if waits:
% for s in sums:
% for r in range(height):
        store(out_${s} + ${r} * kLanes, ${s}${r});
% endfor
% endfor
% endif
    }
}

% endfor
% if not view.runs_on:
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

% endif
}  // namespace

// Tile by tile: a channel block or a few are copied, so that every tap begins in line (unless the input lies so), and every
// filter passes over the copy block by block.
% if view.runs_on:
// Lines lie one behind the other in the output, and so the sums of a filter's last block leave from registers.
% else:
// As soon as a plane of filters is through with the last block, its sums leave: by way of the first plane's place, which
// stays near.
% endif
// Threads share out tiles, each with sums of its own, or filters, by planes.
${view.signature} {
    const IndexedSpec& spec = *conv.spec;
    const Share seat = run.seat(), seats = first_of(seat, spec.packing.shares);
    if (seat.thread >= seats.threads) return;  // as many threads as there are copies
    const bool alone = spec.split_pixels;
    const Range groups = conv.groups_of(alone ? Share{0, 1} : seats);
    const int together = spec.packing.channels / spec.channel_block;  // blocks that are copied at a time
    float* own = own_buffer(copies, seat.thread).data;
% if waits:
    float* buffer = alone ? own_buffer(buffers, seat.thread).data : buffers.data;
% else:
    static_cast<void>(buffers);  // no sums wait
% endif
% if not view.runs_on:
    const Layout& to = *out.layout;
    float* near = buffer + groups.begin * kLists * kSums;
% endif
% if waits and view.lists > 1:
    alignas(64) float spare[kSums];
% endif
% if view.far:
    const int calls = (groups.end - groups.begin + kPlane - 1) / kPlane * conv.channel_blocks;
% endif
    for (int t = alone ? run.next() : 0; t < spec.tiles && groups.begin < groups.end; t = alone ? run.next() : t + 1) {
        const Lines lines = lines_of(spec, t);
% if view.far:
        // Far memory: while one tile is computed, what is likely to be this thread's next one is fetched.
        Coming coming = coming_tile(spec, in, t + (alone ? seats.threads : 1), calls);
% endif
% if not view.runs_on:
        const TilePlaces<${view.rows}> at(spec, lines, to)${", from(spec, lines, *residual.layout)" if view.residual else ""};
% endif
        for (int block = 0; block < conv.channel_blocks; ++block) {
            const float* copy = own;
            if (spec.packing.in_place) {
                copy = in.plane(block * spec.channel_block) + lines.first * kLanes;
            } else if (block % together == 0) {
                copy_tile(spec, in, block / together, lines, own);
            }
% if waits:
            const bool is_last = block + 1 == conv.channel_blocks;
% endif
            const std::ptrdiff_t before = static_cast<std::ptrdiff_t>(block) * conv.groups;
            const std::int32_t* bounds = conv.bounds + before;
% if at_once:
            {
                const int first = groups.begin, beyond = groups.end;
% else:
            for (int first = groups.begin; first < groups.end; first += kPlane) {
                const int beyond = first + kPlane < groups.end ? first + kPlane : groups.end;
% endif
% if not by_length:
                const int plane = first / kPlane;
% endif
% if waits:
                float* sums = buffer${"" if by_length else " + plane * kLanes * kSums"};
% endif
% if not view.runs_on:
                float* next = is_last ? near : sums;
% endif
                const std::ptrdiff_t entry = static_cast<std::ptrdiff_t>(bounds[first]) * kLists;
<%
filter_ = "0" if by_length else "plane * kLanes"
more = ["conv.rows + (before + first) * kLists"] if view.lists > 1 else []
more += ["block == 0", "sums", "sums" if view.runs_on else "next"] if waits else []
more += ["spare"] if waits and view.lists > 1 else []
more += ["is_last"] if waits and view.runs_on else []
more += [f"conv.bias + {filter_}", f"out.plane({filter_}) + lines.first * kLanes", "out.layout->plane_step()"] if view.runs_on else []
more += [f"residual.plane({filter_}) + lines.first * kLanes", "residual.layout->plane_step()"] if view.runs_on and view.residual else []
%>\
                const Visit visit = {copy, conv.places + entry, conv.weights + entry, bounds + first, bounds + beyond,
                                     ${", ".join(more)}};
% if view.narrow != view.rows:
                (lines.count == ${view.rows} ? visit_h${view.rows} : visit_h${view.narrow})(visit);
% else:
                visit_h${view.rows}(visit);
% endif
% if view.far:
                coming.fetch();
% endif
% if not view.runs_on:
                if (is_last) leave(conv, plane, near, lines.count, at, out${", from, residual" if view.residual else ""});
% endif
            }
        }
    }
% if not view.runs_on:
    const Range margins = slice(seats, to.planes());
    for (int i = margins.begin; i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
% endif
}

}  // namespace ${view.namespace}
