// Convolution over lists of kept positions in copies of the input: a vector of pixels in each of 11 lines in registers.
#include "conv_packed_avx2_h11_runs_blocks.h"
#include "npas/functions.h"
#include "npas/packing.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

namespace {

constexpr int kLists = 1;  // of a group, each for a filter
constexpr int kPlane = kLanes / kLists;  // groups whose sums leave together
constexpr std::ptrdiff_t kSums = 11 * kLanes;  // of a filter
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
    bool first;  // of the channel blocks; after it the sums begin with what the others gave
    const float* sums;
    float* out;  // where the next block, or what leaves, finds the sums
    bool last;  // of the channel blocks: what the sums give goes straight to the output
    const float* bias;
    float* pixels;  // of the first filter, where the tile begins
    std::ptrdiff_t plane_step;
};

// Filter by filter on 11 lines. Addresses are known an entry ahead: loads that wait for another one hold up the
// rest.
void visit_h11(const Visit& visit) {
    const float* copy = visit.copy;
    const std::uint16_t* place = visit.place;
    const float* weights = visit.weights;
    const bool first = visit.first, last = visit.last, stays = !first && !last;  // what a list without entries adds nothing to
    std::ptrdiff_t filter_a = -1;
    const float* sums = visit.sums;
    float* out = visit.out;
    for (const std::int32_t* bounds = visit.bounds; bounds != visit.end; ++bounds, sums += kSums, out += kSums) {
        const std::uint16_t* end = place + (bounds[1] - bounds[0]) * kLists;
        ++filter_a;
        if (place == end && stays) continue;
        vec a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{}, a10{};
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
            a10 = fma(wa, load(xa + 10 * kLanes), a10);
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
            a10 = a10 + load(sums_a + 10 * kLanes);
        }
        if (last) {
            {
                const vec bias = broadcast(visit.bias + filter_a);
                float* pixels = visit.pixels + filter_a * visit.plane_step;
                store(pixels + 0 * kLanes, epilogue(a0 + bias));
                store(pixels + 1 * kLanes, epilogue(a1 + bias));
                store(pixels + 2 * kLanes, epilogue(a2 + bias));
                store(pixels + 3 * kLanes, epilogue(a3 + bias));
                store(pixels + 4 * kLanes, epilogue(a4 + bias));
                store(pixels + 5 * kLanes, epilogue(a5 + bias));
                store(pixels + 6 * kLanes, epilogue(a6 + bias));
                store(pixels + 7 * kLanes, epilogue(a7 + bias));
                store(pixels + 8 * kLanes, epilogue(a8 + bias));
                store(pixels + 9 * kLanes, epilogue(a9 + bias));
                store(pixels + 10 * kLanes, epilogue(a10 + bias));
            }
            continue;
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
        store(out_a + 10 * kLanes, a10);
    }
}

}  // namespace

// Tile by tile: a channel block or a few are copied, so that every tap begins in line (unless the input lies so), and every
// filter passes over the copy block by block.
// Lines lie one behind the other in the output, and so the sums of a filter's last block leave from registers.
// Threads share out tiles, each with sums of its own, or filters, by planes.
void conv_packed_avx2_h11_runs_blocks(const Indexed& conv, View in, View out, View copies, View buffers, const Run& run) {
    const IndexedSpec& spec = *conv.spec;
    const Share seat = run.seat(), seats = first_of(seat, spec.packing.shares);
    if (seat.thread >= seats.threads) return;  // as many threads as there are copies
    const bool alone = spec.split_pixels;
    const Range groups = conv.groups_of(alone ? Share{0, 1} : seats);
    const int together = spec.packing.channels / spec.channel_block;  // blocks that are copied at a time
    float* own = own_buffer(copies, seat.thread).data;
    float* buffer = alone ? own_buffer(buffers, seat.thread).data : buffers.data;
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
                const int plane = first / kPlane;
                float* sums = buffer + plane * kLanes * kSums;
                const std::ptrdiff_t entry = static_cast<std::ptrdiff_t>(bounds[first]) * kLists;
                const Visit visit = {copy, conv.places + entry, conv.weights + entry, bounds + first, bounds + beyond,
                                     block == 0, sums, sums, is_last, conv.bias + plane * kLanes, out.plane(plane * kLanes) + lines.first * kLanes, out.layout->plane_step()};
                visit_h11(visit);
            }
        }
    }
}

}  // namespace npas_net
