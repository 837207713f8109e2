<%page args="view"/>\
// Convolution over lists of kept positions in copies of the input: ${view.summary}.
#include "${view.name}.h"
#include "npas/functions.h"
#include "npas/packing.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace ${view.namespace} {

namespace {

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

% for height in dict.fromkeys((view.rows, view.narrow)):
// One filter's list on ${height} line${"s" if height > 1 else ""}; after the first channel block, `sums` has what the others gave. Addresses are known
// an entry ahead: a load that waits for another one stalls the rest.
void tile_h${height}(const float* in, const std::int32_t* offset, const std::int32_t* end, const float* weights, bool first,
    float* sums) {
    vec ${", ".join(f"a{r}{{}}" for r in range(height))};
    const float *x = in + offset[0], *next = in + offset[1];
    for (; offset != end; ++offset, ++weights) {
        const vec w = broadcast(weights);
% for r in range(height):
        a${r} = fma(w, load(x + ${r} * kLanes), a${r});
% endfor
        x = next;
        next = in + offset[2];
    }
    if (!first) {
% for r in range(height):
        a${r} = a${r} + load(sums + ${r} * kLanes);
% endfor
    }
% for r in range(height):
    store(sums + ${r} * kLanes, a${r});
% endfor
}

% endfor
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
                float* sums = buffer + static_cast<std::ptrdiff_t>(conv.rows[group]) * ${view.rows} * kLanes;
% if view.narrow != view.rows:
                (lines.count == ${view.rows} ? tile_h${view.rows} : tile_h${view.narrow})(
                    copy, conv.offsets + begin, conv.offsets + end, conv.weights + begin, block == 0, sums);
% else:
                tile_h${view.rows}(copy, conv.offsets + begin, conv.offsets + end, conv.weights + begin, block == 0, sums);
% endif
            }
        }
        if (!alone) run.barrier();
% if view.step > 1:
        leave_in_lanes(spec, lines, buffer, planes, [&](int plane, int y, int x, vec sum) {
            const vec biased = sum + load(conv.bias + plane * kLanes);
            const std::ptrdiff_t pixel = y * to.row_step() + x * kLanes;
% if view.residual:
            const float* other = residual.plane(plane) + y * residual.layout->row_step() + x * kLanes;
            store(out.plane(plane) + pixel, epilogue(biased, load(other)));
% else:
            store(out.plane(plane) + pixel, epilogue(biased));
% endif
        });
% else:
        leave_planar(spec, lines, buffer, planes, [&](int filter, const Places& at, vec sum) {
            const vec biased = sum + broadcast(conv.bias + filter);
            scatter(out, filter, at, epilogue(biased${", gather(residual, filter, at)" if view.residual else ""}));
        });
% endif
        if (!alone) run.barrier();
    }
    const Range margins = slice(seats, to.planes());
    for (int i = margins.begin; works && i < margins.end; ++i) clear_gaps(out, i, {0, to.height});
}

}  // namespace ${view.namespace}
