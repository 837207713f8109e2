// Convolution over lists of kept positions in copies of the input: a vector of pixels in each of 10 lines in registers.
#include "conv_packed_avx2_h10_planar_add.h"
#include "npas/functions.h"
#include "npas/packing.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

namespace {

constexpr int kLists = 1;  // of a group, each for a filter

inline vec epilogue(vec x, vec residual) {
    x = x + residual;
    return x;
}

// One filter's list on 10 lines; after the first channel block, the sums begin with what the
// others gave. Addresses are known an entry ahead: loads that wait for another one hold up the rest.
void tile_h10(const float* in, const std::uint16_t* place, const std::uint16_t* end, const float* weights, bool first,
                 float* sums_a) {
    vec a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{};
    const float *xa = in + place[0] * kLanes, *next_a = in + place[1] * kLanes;
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
        next_a = in + place[2] * kLanes;
    }
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
    store(sums_a + 0 * kLanes, a0);
    store(sums_a + 1 * kLanes, a1);
    store(sums_a + 2 * kLanes, a2);
    store(sums_a + 3 * kLanes, a3);
    store(sums_a + 4 * kLanes, a4);
    store(sums_a + 5 * kLanes, a5);
    store(sums_a + 6 * kLanes, a6);
    store(sums_a + 7 * kLanes, a7);
    store(sums_a + 8 * kLanes, a8);
    store(sums_a + 9 * kLanes, a9);
}

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
void conv_packed_avx2_h10_planar_add(const Indexed& conv, View in, View out, View residual, View copies, View buffers,
                                     const Run& run) {
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
    const auto sums_of = [&](std::int32_t filter) { return buffer + static_cast<std::ptrdiff_t>(filter) * 10 * kLanes; };
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
                tile_h10(copy, place, last, conv.weights + from, block == 0, sums_of(rows[0]));
            }
        }
        if (!alone) run.barrier();
        leave_planar<10>(spec, lines, buffer, planes, to, *residual.layout, [&](int filter, const Places& at, const Places& from, vec sum) {
            const vec biased = sum + broadcast(conv.bias + filter);
            scatter(out.plane(filter), at, epilogue(biased, gather(residual.plane(filter), from)));
        });
        if (!alone) run.barrier();
    }
    const Range margins = slice(seats, to.planes());
    for (int i = margins.begin; works && i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
}

}  // namespace npas_net
