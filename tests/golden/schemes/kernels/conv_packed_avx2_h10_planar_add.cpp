// Convolution over lists of kept positions in copies of the input: a vector of pixels in each of 10 lines in registers.
#include "conv_packed_avx2_h10_planar_add.h"
#include "npas/functions.h"
#include "npas/packing.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

namespace {

inline vec epilogue(vec x, vec residual) {
    x = x + residual;
    return x;
}

// One filter's list on 10 lines; after the first channel block, `sums` has what the others gave. Addresses are known
// an entry ahead: a load that waits for another one stalls the rest.
void tile_h10(const float* in, const std::int32_t* offset, const std::int32_t* end, const float* weights, bool first,
    float* sums) {
    vec a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{};
    const float *x = in + offset[0], *next = in + offset[1];
    for (; offset != end; ++offset, ++weights) {
        const vec w = broadcast(weights);
        a0 = fma(w, load(x + 0 * kLanes), a0);
        a1 = fma(w, load(x + 1 * kLanes), a1);
        a2 = fma(w, load(x + 2 * kLanes), a2);
        a3 = fma(w, load(x + 3 * kLanes), a3);
        a4 = fma(w, load(x + 4 * kLanes), a4);
        a5 = fma(w, load(x + 5 * kLanes), a5);
        a6 = fma(w, load(x + 6 * kLanes), a6);
        a7 = fma(w, load(x + 7 * kLanes), a7);
        a8 = fma(w, load(x + 8 * kLanes), a8);
        a9 = fma(w, load(x + 9 * kLanes), a9);
        x = next;
        next = in + offset[2];
    }
    if (!first) {
        a0 = a0 + load(sums + 0 * kLanes);
        a1 = a1 + load(sums + 1 * kLanes);
        a2 = a2 + load(sums + 2 * kLanes);
        a3 = a3 + load(sums + 3 * kLanes);
        a4 = a4 + load(sums + 4 * kLanes);
        a5 = a5 + load(sums + 5 * kLanes);
        a6 = a6 + load(sums + 6 * kLanes);
        a7 = a7 + load(sums + 7 * kLanes);
        a8 = a8 + load(sums + 8 * kLanes);
        a9 = a9 + load(sums + 9 * kLanes);
    }
    store(sums + 0 * kLanes, a0);
    store(sums + 1 * kLanes, a1);
    store(sums + 2 * kLanes, a2);
    store(sums + 3 * kLanes, a3);
    store(sums + 4 * kLanes, a4);
    store(sums + 5 * kLanes, a5);
    store(sums + 6 * kLanes, a6);
    store(sums + 7 * kLanes, a7);
    store(sums + 8 * kLanes, a8);
    store(sums + 9 * kLanes, a9);
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
    const Layout& to = *out.layout;
    const Range planes = works ? slice(share, to.planes()) : Range{0, 0};
    float* copy = works ? own_buffer(copies, seat.thread).data : nullptr;
    float* buffer = alone ? own_buffer(buffers, seat.thread).data : buffers.data;
    for (int t = alone ? run.next() : 0; t < spec.tiles; t = alone ? run.next() : t + 1) {
        const Lines lines = lines_of(spec, t);
        for (int block = 0; block < conv.channel_blocks && groups.begin < groups.end; ++block) {
            if (block % together == 0) copy_tile(spec, in, block / together, lines, copy);
            const std::int32_t* bounds = conv.bounds + static_cast<std::ptrdiff_t>(block) * conv.groups;
            for (int group = groups.begin; group < groups.end; ++group) {
                const std::int32_t begin = bounds[group], end = bounds[group + 1];
                if (begin == end && block > 0) continue;
                float* sums = buffer + static_cast<std::ptrdiff_t>(conv.rows[group]) * 10 * kLanes;
                tile_h10(copy, conv.offsets + begin, conv.offsets + end, conv.weights + begin, block == 0, sums);
            }
        }
        if (!alone) run.barrier();
        leave_planar(spec, lines, buffer, planes, [&](int filter, const Places& at, vec sum) {
            const vec biased = sum + broadcast(conv.bias + filter);
            scatter(out, filter, at, epilogue(biased, gather(residual, filter, at)));
        });
        if (!alone) run.barrier();
    }
    const Range margins = slice(seats, to.planes());
    for (int i = margins.begin; works && i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
}

}  // namespace npas_net
