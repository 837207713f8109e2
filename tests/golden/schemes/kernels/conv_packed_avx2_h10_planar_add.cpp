// Convolution over lists of kept positions in copies of the input: a vector of pixels in each of 10 lines in registers.
#include "conv_packed_avx2_h10_planar_add.h"
#include "npas/functions.h"
#include "npas/packing.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

namespace {

constexpr int kLists = 1;  // of a group, each for a filter
constexpr int kPlane = kLanes / kLists;  // groups whose sums leave together
constexpr std::ptrdiff_t kSums = 10 * kLanes;  // of a filter
constexpr std::size_t kVector = kLanes;  // in floats, as wide as an address: a place times it need not be made so

inline vec epilogue(vec x, vec residual) {
    x = x + residual;
    return x;
}

// What a visit of a plane's filters shares. Lists and weights lie one behind the other in the order of the groups.
struct Visit {
    const float* copy;
    const std::uint16_t* place;
    const float* weights;
    const std::int32_t *bounds, *end;  // of the groups
    bool first;  // of the channel blocks; after it the sums begin with what the others gave
    const float* sums;
    float* out;  // where the next block, or what leaves, finds the sums
};

// Filter by filter on 10 lines. Addresses are known an entry ahead: loads that wait for another one hold up the
// rest.
void visit_h10(const Visit& visit) {
    const float* copy = visit.copy;
    const std::uint16_t* place = visit.place;
    const float* weights = visit.weights;
    const bool first = visit.first, stays = !first && visit.sums == visit.out;  // what a list without entries adds nothing to
    const float* sums = visit.sums;
    float* out = visit.out;
    for (const std::int32_t* bounds = visit.bounds; bounds != visit.end; ++bounds, sums += kSums, out += kSums) {
        const std::uint16_t* end = place + (bounds[1] - bounds[0]) * kLists;
        if (place == end && stays) continue;
        vec a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{};
        const float *xa = copy + place[0] * kVector, *next_a = copy + place[1] * kVector;
        for (; place != end; place += kLists, weights += kLists) {
            const vec wa = broadcast(weights + 0);
            a0 = fma(wa, load(xa + 0 * kLanes), a0);
            a1 = fma(wa, load(xa + 1 * kLanes), a1);
            a2 = fma(wa, load(xa + 2 * kLanes), a2);
            a3 = fma(wa, load(xa + 3 * kLanes), a3);
            a4 = fma(wa, load(xa + 4 * kLanes), a4);
            a5 = fma(wa, load(xa + 5 * kLanes), a5);
            a6 = fma(wa, load(xa + 6 * kLanes), a6);
            a7 = fma(wa, load(xa + 7 * kLanes), a7);
            a8 = fma(wa, load(xa + 8 * kLanes), a8);
            a9 = fma(wa, load(xa + 9 * kLanes), a9);
            xa = next_a;
            next_a = copy + place[2] * kVector;
        }
        const float* sums_a = sums;
        float* out_a = out;
        if (!first) {
            a0 = a0 + load(sums_a + 0 * kLanes);
            a1 = a1 + load(sums_a + 1 * kLanes);
            a2 = a2 + load(sums_a + 2 * kLanes);
            a3 = a3 + load(sums_a + 3 * kLanes);
            a4 = a4 + load(sums_a + 4 * kLanes);
            a5 = a5 + load(sums_a + 5 * kLanes);
            a6 = a6 + load(sums_a + 6 * kLanes);
            a7 = a7 + load(sums_a + 7 * kLanes);
            a8 = a8 + load(sums_a + 8 * kLanes);
            a9 = a9 + load(sums_a + 9 * kLanes);
        }
        store(out_a + 0 * kLanes, a0);
        store(out_a + 1 * kLanes, a1);
        store(out_a + 2 * kLanes, a2);
        store(out_a + 3 * kLanes, a3);
        store(out_a + 4 * kLanes, a4);
        store(out_a + 5 * kLanes, a5);
        store(out_a + 6 * kLanes, a6);
        store(out_a + 7 * kLanes, a7);
        store(out_a + 8 * kLanes, a8);
        store(out_a + 9 * kLanes, a9);
    }
}

// Sums of a plane's filters, on as many lines of a tile. What they have in common stands in local constants: after a store
// nothing else stays in registers.
void leave(const Indexed& conv, int plane, const float* sums, int lines, const TilePlaces<10>& at, View out, const TilePlaces<10>& from, ConstView residual) {
    const int left = conv.spec->filters - plane * kLanes, filters = left < kLanes ? left : kLanes;
    for (int filter = plane * kLanes; filter < plane * kLanes + filters; ++filter, sums += kSums) {
        const vec bias = broadcast(conv.bias + filter);
        float* pixels = out.plane(filter);
        const float* others = residual.plane(filter);
        for (int line = 0; line < lines; ++line) {
            const vec sum = load(sums + line * kLanes) + bias;
            scatter(pixels, at.of[line], epilogue(sum, gather(others, from.of[line])));
        }
    }
}

}  // namespace

// Tile by tile: a channel block or a few are copied, so that every tap begins in line (unless the input lies so), and every
// filter passes over the copy block by block.
// As soon as a plane of filters is through with the last block, its sums leave: by way of the first plane's place, which
// stays near.
// Threads share out tiles, each with sums of its own, or filters, by planes.
void conv_packed_avx2_h10_planar_add(const Indexed& conv, View in, View out, View residual, View copies, View buffers,
                                     const Run& run) {
    const IndexedSpec& spec = *conv.spec;
    const Share seat = run.seat(), seats = first_of(seat, spec.packing.shares);
    if (seat.thread >= seats.threads) return;  // as many threads as there are copies
    const bool alone = spec.split_pixels;
    const Range groups = conv.groups_of(alone ? Share{0, 1} : seats);
    const int together = spec.packing.channels / spec.channel_block;  // blocks that are copied at a time
    float* own = own_buffer(copies, seat.thread).data;
    float* buffer = alone ? own_buffer(buffers, seat.thread).data : buffers.data;
    const Layout& to = *out.layout;
    float* near = buffer + groups.begin * kLists * kSums;
    for (int t = alone ? run.next() : 0; t < spec.tiles && groups.begin < groups.end; t = alone ? run.next() : t + 1) {
        const Lines lines = lines_of(spec, t);
        const TilePlaces<10> at(spec, lines, to), from(spec, lines, *residual.layout);
        for (int block = 0; block < conv.channel_blocks; ++block) {
            const float* copy = own;
            if (spec.packing.in_place) {
                copy = in.plane(block * spec.channel_block) + lines.first * kLanes;
            } else if (block % together == 0) {
                copy_tile(spec, in, block / together, lines, own);
            }
            const bool is_last = block + 1 == conv.channel_blocks;
            const std::ptrdiff_t before = static_cast<std::ptrdiff_t>(block) * conv.groups;
            const std::int32_t* bounds = conv.bounds + before;
            for (int first = groups.begin; first < groups.end; first += kPlane) {
                const int beyond = first + kPlane < groups.end ? first + kPlane : groups.end;
                const int plane = first / kPlane;
                float* sums = buffer + plane * kLanes * kSums;
                float* next = is_last ? near : sums;
                const std::ptrdiff_t entry = static_cast<std::ptrdiff_t>(bounds[first]) * kLists;
                const Visit visit = {copy, conv.places + entry, conv.weights + entry, bounds + first, bounds + beyond,
                                     block == 0, sums, next};
                visit_h10(visit);
                if (is_last) leave(conv, plane, near, lines.count, at, out, from, residual);
            }
        }
    }
    const Range margins = slice(seats, to.planes());
    for (int i = margins.begin; i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
}

}  // namespace npas_net
