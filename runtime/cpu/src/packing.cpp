#include "npas/packing.h"

#include <algorithm>

#include "npas/simd.h"

namespace NPAS_NAMESPACE {

namespace {

// `rows` vectors, `pitch` floats apart, of floats that lie `step` apart.
void copy_rows(const float* from, std::ptrdiff_t pitch, int step, int rows, float* to) {
    if (step == 1) {
        for (int r = 0; r < rows; ++r, from += pitch, to += kLanes) store(to, load(from));
    } else if (step == 2) {
        for (int r = 0; r < rows; ++r, from += pitch, to += kLanes) store(to, evens(load(from), load(from + kLanes)));
    } else {
        for (int r = 0; r < rows; ++r, from += pitch, to += kLanes) {
            for (int i = 0; i < kLanes; ++i) to[i] = from[i * step];
        }
    }
}

}  // namespace

void copy_tile(const IndexedSpec& spec, ConstView in, int block, int y, int lines, int x, float* to) {
    const Packing& p = spec.packing;
    const Layout& l = *in.layout;
    const int begin = block * spec.channel_block, end = std::min(begin + spec.channel_block, spec.channels);
    const int step = p.stride_x * l.block;
    const std::ptrdiff_t corner =
        (y * p.stride_y - p.top) * l.row_step() + static_cast<std::ptrdiff_t>(x * p.stride_x - p.left) * l.block;
    // All rows under `lines` of the spec's tile are p.rows; one line less reads p.line_step less.
    const int rows = p.rows - (p.lines - lines) * p.line_step;
    for (int c = begin; c < end; ++c) {
        const float* from = in.channel(c) + corner;
        for (int j = 0; j < p.columns; ++j, to += p.rows * kLanes) {
            copy_rows(from + j * p.column_step * l.block, p.row_step * l.row_step(), step, rows, to);
        }
    }
}

void clear_tails(float* tail, int count, std::ptrdiff_t pitch, int lines) {
    for (int r = 0; r < lines; ++r) {
        for (int i = 0; i < count; i += kLanes) store(tail + r * pitch + i, vec{});
    }
}

}  // namespace NPAS_NAMESPACE
