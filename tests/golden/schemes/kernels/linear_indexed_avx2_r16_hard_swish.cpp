// Fully connected layer over lists of kept columns, 2 vectors of filters at a time.
#include "linear_indexed_avx2_r16_hard_swish.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace npas_net {

namespace {


inline vec epilogue(vec x) {
    x = hard_swish(x);
    return x;
}

}  // namespace

// A group's filters lie side by side in the lanes; each kept column is one input to all of them. The bias comes last:
// small terms added to a large bias one by one would lose more.
void linear_indexed_avx2_r16_hard_swish(const Indexed& layer, View in, View out, Share share) {
    constexpr int kRows = 2 * kLanes;
    const Range groups = layer.groups_of(share);
    for (int group = groups.begin; group < groups.end; ++group) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(group) * kRows;
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        const float* weights = layer.weights + layer.first_weight[group];
        vec sum0a{}, sum0b{};
        vec sum1a{}, sum1b{};
        std::int32_t k = bounds[0];
        for (; k + 2 <= bounds[1]; k += 2, weights += 2 * kRows) {
            const vec xa = broadcast(in.data + layer.offsets[k + 0]);
            sum0a = fma(load(weights + 0 * kLanes), xa, sum0a);
            sum1a = fma(load(weights + 1 * kLanes), xa, sum1a);
            const vec xb = broadcast(in.data + layer.offsets[k + 1]);
            sum0b = fma(load(weights + 2 * kLanes), xb, sum0b);
            sum1b = fma(load(weights + 3 * kLanes), xb, sum1b);
        }
        for (; k < bounds[1]; ++k, weights += kRows) {
            const vec x = broadcast(in.data + layer.offsets[k]);
            sum0a = fma(load(weights + 0 * kLanes), x, sum0a);
            sum1a = fma(load(weights + 1 * kLanes), x, sum1a);
        }
        sum0a = sum0a + sum0b;
        store(out.data + row + 0 * kLanes, epilogue(sum0a + load(layer.bias + row + 0 * kLanes)));
        sum1a = sum1a + sum1b;
        store(out.data + row + 1 * kLanes, epilogue(sum1a + load(layer.bias + row + 1 * kLanes)));
    }
}

}  // namespace npas_net
