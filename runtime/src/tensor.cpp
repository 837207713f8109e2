#include "npas/tensor.h"

#include <algorithm>
#include <cstring>

namespace NPAS_NAMESPACE {

namespace {

void zero(float* p, std::ptrdiff_t count) {
    if (count > 0) std::memset(p, 0, static_cast<std::size_t>(count) * sizeof(float));
}

void copy_row(const float* from, float* to, int count) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
}

bool compact(const Layout& l) { return l.origin == 0 && l.pitch == l.width && l.plane == l.height * l.width; }

}  // namespace

void clear_margins(const View& value, int channel, int written) {
    const Layout& l = *value.layout;
    float* pixels = value.plane(channel);
    zero(pixels - l.origin, l.origin);
    zero(pixels + written, l.plane - l.origin - written);
}

void copy(const float* from, const Layout& from_layout, float* to, const Layout& to_layout, Share share) {
    if (compact(from_layout) && compact(to_layout)) {
        const Range part = slice(share, to_layout.channels * to_layout.plane);
        copy_row(from + part.begin, to + part.begin, part.end - part.begin);
        return;
    }
    const Range channels = slice(share, to_layout.channels);
    for (int c = channels.begin; c < channels.end; ++c) {
        float* out = to + static_cast<std::ptrdiff_t>(c) * to_layout.plane;
        const float* in = from + static_cast<std::ptrdiff_t>(c) * from_layout.plane;
        zero(out - to_layout.origin, to_layout.plane);
        for (int y = 0; y < to_layout.height; ++y) {
            copy_row(in + y * from_layout.pitch, out + y * to_layout.pitch, to_layout.width);
        }
    }
}

void split_phases(const Split& split, const float* from, const Layout& from_layout, float* to, const Layout& to_layout,
                  Share share) {
    const Range planes = slice(share, to_layout.channels);
    for (int i = planes.begin; i < planes.end; ++i) {
        const Phase phase = split.phases[i % split.count];
        const float* in = from + static_cast<std::ptrdiff_t>(i / split.count) * from_layout.plane;
        float* out = to + static_cast<std::ptrdiff_t>(i) * to_layout.plane;
        zero(out - to_layout.origin, to_layout.plane);
        const int left = phase.column - split.left;
        // The columns whose source lies inside the image.
        const int first = left >= 0 ? 0 : (-left + split.stride_x - 1) / split.stride_x;
        const int room = from_layout.width - left;
        const int last = room > 0 ? std::min(to_layout.width, (room + split.stride_x - 1) / split.stride_x) : 0;
        for (int y = 0; y < to_layout.height; ++y) {
            const int row = y * split.stride_y + phase.row - split.top;
            if (row < 0 || row >= from_layout.height) continue;
            const float* source = in + row * from_layout.pitch + left;
            float* target = out + y * to_layout.pitch;
            for (int x = first; x < last; ++x) target[x] = source[x * split.stride_x];
        }
    }
}

}  // namespace NPAS_NAMESPACE
