// Fully connected layer over lists of kept columns, one filter at a time.
#include "linear_indexed_avx2_r1.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace npas_net {

namespace {

inline vec epilogue(vec x) {
    return x;
}

}  // namespace

void linear_indexed_avx2_r1(const Indexed& layer, View in, View out, Share share) {
    const Range groups = layer.groups_of(share);
    for (int group = groups.begin; group < groups.end; ++group) {
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        const float* weights = layer.weights + layer.first_weight[group];
        const std::int32_t* offsets = layer.offsets + bounds[0];
        const std::int32_t count = bounds[1] - bounds[0];
        // Four sums, so that one addition need not wait for the other.
        float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        std::int32_t k = 0;
        for (; k + 4 <= count; k += 4) {
            for (int i = 0; i < 4; ++i) sum[i] += weights[k + i] * in.data[offsets[k + i]];
        }
        for (; k < count; ++k) sum[0] += weights[k] * in.data[offsets[k]];
        const std::int32_t row = layer.rows[group];
        const vec x = splat(layer.bias[group] + ((sum[0] + sum[1]) + (sum[2] + sum[3])));
        out.data[row] = epilogue(x)[0];
    }
}

}  // namespace npas_net
