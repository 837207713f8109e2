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

void copy(ConstView from, View to, Share share) {
    const Layout& l = *to.layout;
    if (compact(*from.layout) && compact(l)) {
        const Range part = slice(share, l.channels * l.plane);
        copy_row(from.data + part.begin, to.data + part.begin, part.end - part.begin);
        return;
    }
    const Range channels = slice(share, l.channels);
    for (int c = channels.begin; c < channels.end; ++c) {
        zero(to.plane(c) - l.origin, l.plane);
        for (int y = 0; y < l.height; ++y) {
            copy_row(from.plane(c) + y * from.layout->pitch, to.plane(c) + y * l.pitch, l.width);
        }
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
            const float* in = from.plane(i / split.count) + row * source.pitch;
            float* out = to.plane(i) + y * target.pitch;
            for (int x = first; x < last; ++x) out[x] = in[x * split.stride_x + left];
        }
    }
}

}  // namespace NPAS_NAMESPACE
