// Fully connected layer over lists of kept columns, 1 vector of filters at a time.
#include "linear_indexed_avx2_r8.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace npas_net {

namespace {


inline vec epilogue(vec x) {
    return x;
}

}  // namespace

// A group's filters lie side by side in the lanes; each kept column is one input to all of them. The bias comes last:
// small terms added to a large bias one by one would lose more.
void linear_indexed_avx2_r8(const Indexed& layer, View in, View out, Share share) {
    constexpr int kRows = 1 * kLanes;
    const Range groups = layer.groups_of(share);
    for (int group = groups.begin; group < groups.end; ++group) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(group) * kRows;
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        const float* weights = layer.weights + layer.first_weight[group];
        vec sum0a{}, sum0b{}, sum0c{}, sum0d{};
        std::int32_t k = bounds[0];
        for (; k + 4 <= bounds[1]; k += 4, weights += 4 * kRows) {
            const vec xa = broadcast(in.data + layer.offsets[k + 0]);
            sum0a = fma(load(weights + 0 * kLanes), xa, sum0a);
            const vec xb = broadcast(in.data + layer.offsets[k + 1]);
            sum0b = fma(load(weights + 1 * kLanes), xb, sum0b);
            const vec xc = broadcast(in.data + layer.offsets[k + 2]);
            sum0c = fma(load(weights + 2 * kLanes), xc, sum0c);
            const vec xd = broadcast(in.data + layer.offsets[k + 3]);
            sum0d = fma(load(weights + 3 * kLanes), xd, sum0d);
        }
        for (; k < bounds[1]; ++k, weights += kRows) {
            const vec x = broadcast(in.data + layer.offsets[k]);
            sum0a = fma(load(weights + 0 * kLanes), x, sum0a);
        }
        sum0a = sum0a + sum0c;
        sum0b = sum0b + sum0d;
        sum0a = sum0a + sum0b;
        store(out.data + row + 0 * kLanes, epilogue(sum0a + load(layer.bias + row + 0 * kLanes)));
    }
}

}  // namespace npas_net
