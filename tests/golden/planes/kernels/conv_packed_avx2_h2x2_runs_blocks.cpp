// Convolution over lists of kept positions in copies of the input: a vector of pixels in each of 2 lines in registers, for 2 filters side by side.
#include "conv_packed_avx2_h2x2_runs_blocks.h"
#include "npas/functions.h"
#include "npas/packing.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

namespace {

constexpr int kLists = 2;  // of a group, each for a filter
constexpr int kPlane = kLanes / kLists;  // groups whose sums leave together
constexpr std::ptrdiff_t kSums = 2 * kLanes;  // of a filter
constexpr std::size_t kVector = kLanes;  // in floats, as wide as an address: a place times it need not be made so

inline vec epilogue(vec x) {
    return x;
}

// What a visit of a plane's filters shares. Lists and weights lie one behind the other in the order of the groups.
struct Visit {
    const float* copy;
    const std::uint16_t* place;
    const float* weights;
    const std::int32_t *bounds, *end;  // of the groups
    const std::int32_t* rows;  // filters of the groups; an odd one's second is none
    bool first;  // of the channel blocks; after it the sums begin with what the others gave
    const float* sums;
    float* out;  // where the next block, or what leaves, finds the sums
    float* spare;  // sums of a filter that is none
    bool last;  // of the channel blocks: what the sums give goes straight to the output
    const float* bias;
    float* pixels;  // of the first filter, where the tile begins
    std::ptrdiff_t plane_step;
};

// Two filters at a time, entry by entry, on 2 lines. Addresses are known an entry ahead: loads that wait for another one hold up the
// rest.
void visit_h2(const Visit& visit) {
    const float* copy = visit.copy;
    const std::uint16_t* place = visit.place;
    const float* weights = visit.weights;
    const bool first = visit.first, last = visit.last, stays = !first && !last;  // what a list without entries adds nothing to
    const std::int32_t* rows = visit.rows;
    for (const std::int32_t* bounds = visit.bounds; bounds != visit.end; ++bounds, rows += kLists) {
        const std::uint16_t* end = place + (bounds[1] - bounds[0]) * kLists;
        if (place == end && stays) continue;
        vec a0{}, a1{};
        vec b0{}, b1{};
        const float *xa = copy + place[0] * kVector, *next_a = copy + place[2] * kVector;
        const float *xb = copy + place[1] * kVector, *next_b = copy + place[3] * kVector;
        for (; place != end; place += kLists, weights += kLists) {
            const vec wa = broadcast(weights + 0);
            a0 = fma(wa, load(xa + 0 * kLanes), a0);
            a1 = fma(wa, load(xa + 1 * kLanes), a1);
            const vec wb = broadcast(weights + 1);
            b0 = fma(wb, load(xb + 0 * kLanes), b0);
            b1 = fma(wb, load(xb + 1 * kLanes), b1);
            xa = next_a;
            next_a = copy + place[4] * kVector;
            xb = next_b;
            next_b = copy + place[5] * kVector;
        }
        const bool alone = rows[1] < 0;
        const std::ptrdiff_t filter_a = rows[0];
        const std::ptrdiff_t filter_b = rows[1];
        const float *sums_a = visit.sums + filter_a * kSums, *sums_b = alone ? visit.spare : visit.sums + filter_b * kSums;
        float *out_a = visit.out + filter_a * kSums, *out_b = alone ? visit.spare : visit.out + filter_b * kSums;
        if (!first) {
            a0 = a0 + load(sums_a + 0 * kLanes);
            a1 = a1 + load(sums_a + 1 * kLanes);
            b0 = b0 + load(sums_b + 0 * kLanes);
            b1 = b1 + load(sums_b + 1 * kLanes);
        }
        if (last) {
            {
                const vec bias = broadcast(visit.bias + filter_a);
                float* pixels = visit.pixels + filter_a * visit.plane_step;
                store(pixels + 0 * kLanes, epilogue(a0 + bias));
                store(pixels + 1 * kLanes, epilogue(a1 + bias));
            }
            if (!alone) {
                const vec bias = broadcast(visit.bias + filter_b);
                float* pixels = visit.pixels + filter_b * visit.plane_step;
                store(pixels + 0 * kLanes, epilogue(b0 + bias));
                store(pixels + 1 * kLanes, epilogue(b1 + bias));
            }
            continue;
        }
        store(out_a + 0 * kLanes, a0);
        store(out_a + 1 * kLanes, a1);
        store(out_b + 0 * kLanes, b0);
        store(out_b + 1 * kLanes, b1);
    }
}

}  // namespace

// Tile by tile: a channel block or a few are copied, so that every tap begins in line (unless the input lies so), and every
// filter passes over the copy block by block.
// Lines lie one behind the other in the output, and so the sums of a filter's last block leave from registers.
// Threads share out tiles, each with sums of its own, or filters, by planes.
void conv_packed_avx2_h2x2_runs_blocks(const Indexed& conv, View in, View out, View copies, View buffers,
                                       const Run& run) {
    const IndexedSpec& spec = *conv.spec;
    const Share seat = run.seat(), seats = first_of(seat, spec.packing.shares);
    if (seat.thread >= seats.threads) return;  // as many threads as there are copies
    const bool alone = spec.split_pixels;
    const Range groups = conv.groups_of(alone ? Share{0, 1} : seats);
    const int together = spec.packing.channels / spec.channel_block;  // blocks that are copied at a time
    float* own = own_buffer(copies, seat.thread).data;
    float* buffer = alone ? own_buffer(buffers, seat.thread).data : buffers.data;
    alignas(64) float spare[kSums];
    for (int t = alone ? run.next() : 0; t < spec.tiles && groups.begin < groups.end; t = alone ? run.next() : t + 1) {
        const Lines lines = lines_of(spec, t);
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
            {
                const int first = groups.begin, beyond = groups.end;
                float* sums = buffer;
                const std::ptrdiff_t entry = static_cast<std::ptrdiff_t>(bounds[first]) * kLists;
                const Visit visit = {copy, conv.places + entry, conv.weights + entry, bounds + first, bounds + beyond,
                                     conv.rows + (before + first) * kLists, block == 0, sums, sums, spare, is_last, conv.bias + 0, out.plane(0) + lines.first * kLanes, out.layout->plane_step()};
                visit_h2(visit);
            }
        }
    }
}

}  // namespace npas_net
