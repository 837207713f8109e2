#include "npas/tensor.h"

#include <algorithm>
#include <cstring>

namespace NPAS_NAMESPACE {

namespace {

void zero(float* p, std::ptrdiff_t count) {
    if (count > 0) std::memset(p, 0, static_cast<std::size_t>(count) * sizeof(float));
}

// A few floats behind each of some rows. Row after row inside: of a loop over what lies side by side a compiler makes a
// call, which takes longer than so little.
template <int N>
void zero_pieces(float* first, std::ptrdiff_t row_step, int rows, std::ptrdiff_t count) {
    for (std::ptrdiff_t i = 0; i < count; i += N) {
        float* p = first + i;
        for (int y = 0; y < rows; ++y, p += row_step) std::memset(p, 0, N * sizeof(float));
    }
}

constexpr std::ptrdiff_t kFew = 64;  // floats

void zero_columns(float* first, std::ptrdiff_t row_step, int rows, std::ptrdiff_t count) {
    if (count > kFew) {
        for (int y = 0; y < rows; ++y) zero(first + y * row_step, count);
    } else if (count % 8 == 0) {
        zero_pieces<8>(first, row_step, rows, count);
    } else {
        zero_pieces<1>(first, row_step, rows, count);
    }
}

void copy_row(const float* from, int from_step, float* to, int to_step, int count) {
    if (from_step == 1 && to_step == 1) {
        std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
        return;
    }
    for (int x = 0; x < count; ++x, from += from_step, to += to_step) *to = *from;
}

bool compact(const Layout& l) {
    return l.origin == 0 && l.pitch == l.width && l.plane == l.height * l.width && l.block == 1;
}

}  // namespace

void clear_margins(const View& value, int plane, int written) {
    const Layout& l = *value.layout;
    float* pixels = value.plane(plane);
    const std::ptrdiff_t origin = static_cast<std::ptrdiff_t>(l.origin) * l.block;
    zero(pixels - origin, origin);
    zero(pixels + written, l.plane_step() - origin - written);
}

void clear_gaps(const View& value, int plane, Range rows) {
    const Layout& l = *value.layout;
    if (l.plane == l.height * l.width) return;  // there are none
    float* pixels = value.plane(plane);
    const std::ptrdiff_t origin = static_cast<std::ptrdiff_t>(l.origin) * l.block;
    if (rows.begin == 0 && rows.end > 0) zero(pixels - origin, origin);  // an empty part at the start is nobody's
    const std::ptrdiff_t width = static_cast<std::ptrdiff_t>(l.width) * l.block;
    const int between = std::min(rows.end, l.height - 1);  // rows that another one follows
    zero_columns(pixels + rows.begin * l.row_step() + width, l.row_step(), between - rows.begin, l.row_step() - width);
    if (rows.begin < rows.end && rows.end == l.height) {
        float* end = pixels + between * l.row_step() + width;
        zero(end, pixels - origin + l.plane_step() - end);
    }
}

void copy(ConstView from, View to, Share share) {
    const Layout &source = *from.layout, &l = *to.layout;
    if (compact(source) && compact(l)) {
        const Range part = slice(share, l.channels * l.plane);
        copy_row(from.data + part.begin, 1, to.data + part.begin, 1, part.end - part.begin);
        return;
    }
    const Range part = slice(share, l.planes() * l.height);
    for (int next = part.begin; next < part.end;) {
        const int plane = next / l.height, first = next % l.height;
        const Range rows = {first, std::min(first + part.end - next, l.height)};
        const int begin = plane * l.block, end = std::min(begin + l.block, l.channels);
        for (int y = rows.begin; y < rows.end; ++y) {
            float* row = to.plane(plane) + y * l.row_step();
            if (end - begin < l.block) zero(row, static_cast<std::ptrdiff_t>(l.width) * l.block);
            for (int c = begin; c < end; ++c) {
                copy_row(from.channel(c) + y * source.row_step(), source.block, row + c - begin, l.block, l.width);
            }
        }
        clear_gaps(to, plane, rows);
        next += rows.end - rows.begin;
    }
}

void split_phases(const Split& split, ConstView from, View to, Share share) {
    const Layout &source = *from.layout, &target = *to.layout;
    const Range planes = slice(share, target.channels);
    for (int i = planes.begin; i < planes.end; ++i) {
        const Phase phase = split.phases[i % split.count];
        zero(to.plane(i) - target.origin, target.plane);
        const int left = phase.column - split.left;
        // The columns whose source lies inside the image.
        const int first = left >= 0 ? 0 : (-left + split.stride_x - 1) / split.stride_x;
        const int room = source.width - left;
        const int last = room > 0 ? std::min(target.width, (room + split.stride_x - 1) / split.stride_x) : 0;
        for (int y = 0; y < target.height; ++y) {
            const int row = y * split.stride_y + phase.row - split.top;
            if (row < 0 || row >= source.height) continue;
            const float* in = from.channel(i / split.count) + row * source.row_step();
            float* out = to.plane(i) + y * target.pitch;
            for (int x = first; x < last; ++x) out[x] = in[(x * split.stride_x + left) * source.block];
        }
    }
}

}  // namespace NPAS_NAMESPACE
