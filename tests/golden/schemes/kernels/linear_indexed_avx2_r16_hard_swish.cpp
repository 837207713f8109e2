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
    const auto finish = [&](int group, vec sum0, vec sum1) __attribute__((always_inline)) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(group) * kRows;
        store(out.data + row + 0 * kLanes, epilogue(sum0 + load(layer.bias + row + 0 * kLanes)));
        store(out.data + row + 1 * kLanes, epilogue(sum1 + load(layer.bias + row + 1 * kLanes)));
    };
    const auto weights_of = [&](int group) { return layer.weights + layer.first_weight[group]; };
    const auto list_of = [&](int group) { return layer.offsets + layer.bounds[static_cast<std::ptrdiff_t>(group) * 2]; };
    const auto end_of = [&](int group) { return layer.offsets + layer.bounds[static_cast<std::ptrdiff_t>(group) * 2 + 1]; };
    const Range groups = layer.groups_of(share);
    int group = groups.begin;
    // Weights are read once: 4 groups' at a time, since memory gives more to a few streams than to one.
    for (; group + 4 <= groups.end; group += 4) {
        const float* weightsa = weights_of(group + 0);
        const std::int32_t *offseta = list_of(group + 0), *enda = end_of(group + 0);
        vec sum0a{}, sum1a{};
        const float* weightsb = weights_of(group + 1);
        const std::int32_t *offsetb = list_of(group + 1), *endb = end_of(group + 1);
        vec sum0b{}, sum1b{};
        const float* weightsc = weights_of(group + 2);
        const std::int32_t *offsetc = list_of(group + 2), *endc = end_of(group + 2);
        vec sum0c{}, sum1c{};
        const float* weightsd = weights_of(group + 3);
        const std::int32_t *offsetd = list_of(group + 3), *endd = end_of(group + 3);
        vec sum0d{}, sum1d{};
        std::ptrdiff_t both = enda - offseta;
        if (endb - offsetb < both) both = endb - offsetb;
        if (endc - offsetc < both) both = endc - offsetc;
        if (endd - offsetd < both) both = endd - offsetd;
        for (std::ptrdiff_t k = 0; k < both; ++k) {
            const vec xa = broadcast(in.data + offseta[k]);
            sum0a = fma(load(weightsa + k * kRows + 0 * kLanes), xa, sum0a);
            sum1a = fma(load(weightsa + k * kRows + 1 * kLanes), xa, sum1a);
            const vec xb = broadcast(in.data + offsetb[k]);
            sum0b = fma(load(weightsb + k * kRows + 0 * kLanes), xb, sum0b);
            sum1b = fma(load(weightsb + k * kRows + 1 * kLanes), xb, sum1b);
            const vec xc = broadcast(in.data + offsetc[k]);
            sum0c = fma(load(weightsc + k * kRows + 0 * kLanes), xc, sum0c);
            sum1c = fma(load(weightsc + k * kRows + 1 * kLanes), xc, sum1c);
            const vec xd = broadcast(in.data + offsetd[k]);
            sum0d = fma(load(weightsd + k * kRows + 0 * kLanes), xd, sum0d);
            sum1d = fma(load(weightsd + k * kRows + 1 * kLanes), xd, sum1d);
        }
        for (offseta += both, weightsa += both * kRows; offseta != enda; ++offseta, weightsa += kRows) {
            const vec x = broadcast(in.data + *offseta);
            sum0a = fma(load(weightsa + 0 * kLanes), x, sum0a);
            sum1a = fma(load(weightsa + 1 * kLanes), x, sum1a);
        }
        finish(group + 0, sum0a, sum1a);
        for (offsetb += both, weightsb += both * kRows; offsetb != endb; ++offsetb, weightsb += kRows) {
            const vec x = broadcast(in.data + *offsetb);
            sum0b = fma(load(weightsb + 0 * kLanes), x, sum0b);
            sum1b = fma(load(weightsb + 1 * kLanes), x, sum1b);
        }
        finish(group + 1, sum0b, sum1b);
        for (offsetc += both, weightsc += both * kRows; offsetc != endc; ++offsetc, weightsc += kRows) {
            const vec x = broadcast(in.data + *offsetc);
            sum0c = fma(load(weightsc + 0 * kLanes), x, sum0c);
            sum1c = fma(load(weightsc + 1 * kLanes), x, sum1c);
        }
        finish(group + 2, sum0c, sum1c);
        for (offsetd += both, weightsd += both * kRows; offsetd != endd; ++offsetd, weightsd += kRows) {
            const vec x = broadcast(in.data + *offsetd);
            sum0d = fma(load(weightsd + 0 * kLanes), x, sum0d);
            sum1d = fma(load(weightsd + 1 * kLanes), x, sum1d);
        }
        finish(group + 3, sum0d, sum1d);
    }
    for (; group < groups.end; ++group) {
        const float* weights = weights_of(group);
        const std::int32_t *offset = list_of(group), *end = end_of(group);
        vec sum0a{}, sum0b{};
        vec sum1a{}, sum1b{};
        for (; end - offset >= 2; offset += 2, weights += 2 * kRows) {
            const vec xa = broadcast(in.data + offset[0]);
            sum0a = fma(load(weights + 0 * kLanes), xa, sum0a);
            sum1a = fma(load(weights + 1 * kLanes), xa, sum1a);
            const vec xb = broadcast(in.data + offset[1]);
            sum0b = fma(load(weights + 2 * kLanes), xb, sum0b);
            sum1b = fma(load(weights + 3 * kLanes), xb, sum1b);
        }
        for (; offset != end; ++offset, weights += kRows) {
            const vec x = broadcast(in.data + *offset);
            sum0a = fma(load(weights + 0 * kLanes), x, sum0a);
            sum1a = fma(load(weights + 1 * kLanes), x, sum1a);
        }
        sum0a = sum0a + sum0b;
        sum1a = sum1a + sum1b;
        finish(group, sum0a, sum1a);
    }
}

}  // namespace npas_net
