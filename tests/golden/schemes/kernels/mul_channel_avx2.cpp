// Element by element: x = x * other;
#include "kernels.h"
#include "npas/simd.h"

namespace npas_net {

namespace {

inline vec compute(vec x, vec other) {
    x = x * other;
    return x;
}

}  // namespace

// All rows of a plane are one run of floats, whose margins become zero again at the end.
void mul_channel_avx2(View in, View other, View out, Share share) {
    const Layout& l = *out.layout;
    const int length = (l.height - 1) * l.pitch + l.width;
    const Range channels = slice(share, l.channels);
    for (int c = channels.begin; c < channels.end; ++c) {
        const float* x = in.plane(c);
        const vec y = broadcast(other.plane(c));
        float* result = out.plane(c);
        int i = 0;
        for (; i + kLanes <= length; i += kLanes) {
            store(result + i, compute(load(x + i), y));
        }
        for (; i < length; ++i) {
            result[i] = compute(splat(x[i]), y)[0];
        }
        for (int row = 1; row < l.height; ++row) {
            for (int gap = l.width - l.pitch; gap < 0; ++gap) result[row * l.pitch + gap] = 0.0f;
        }
        clear_margins(out, c, length);
    }
}

}  // namespace npas_net
