// Element by element: x = x * other;
#include "mul_channel_avx2.h"
#include "npas/functions.h"

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
    const int length = ((l.height - 1) * l.pitch + l.width) * l.block;
    const Range planes = slice(share, l.planes());
    for (int c = planes.begin; c < planes.end; ++c) {
        const float* x = in.plane(c);
        const vec y = l.block == 1 ? broadcast(other.data + c) : load(other.data + c * kLanes);
        float* result = out.plane(c);
        int i = 0;
        for (; i + kLanes <= length; i += kLanes) {
            store(result + i, compute(load(x + i), y));
        }
        for (; i < length; ++i) {
            result[i] = compute(splat(x[i]), y)[0];
        }
        clear_gaps(out, c, {0, l.height});
    }
}

}  // namespace npas_net
