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
    const auto weights_of = [&](int group) { return layer.weights + layer.first_weight[group]; };
    const auto list_of = [&](int group) {
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        return Range{bounds[0], bounds[1]};
    };
    // What is left of a group's list, and the output.
    const auto finish = [&](int group, Range list, const float* weights, vec sum0) __attribute__((always_inline)) {
        for (int k = list.begin; k < list.end; ++k, weights += kRows) {
            const vec x = broadcast(in.data + layer.offsets[k]);
            sum0 = fma(load(weights + 0 * kLanes), x, sum0);
        }
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(group) * kRows;
        store(out.data + row + 0 * kLanes, epilogue(sum0 + load(layer.bias + row + 0 * kLanes)));
    };
    const Range groups = layer.groups_of(share);
    int group = groups.begin;
    // Weights are read once, those of 4 groups at a time: memory gives more to a few streams than to one.
    for (; group + 4 <= groups.end; group += 4) {
        const Range list_a = list_of(group + 0);
        const float* weights_a = weights_of(group + 0);
        vec sum0_a{};
        const Range list_b = list_of(group + 1);
        const float* weights_b = weights_of(group + 1);
        vec sum0_b{};
        const Range list_c = list_of(group + 2);
        const float* weights_c = weights_of(group + 2);
        vec sum0_c{};
        const Range list_d = list_of(group + 3);
        const float* weights_d = weights_of(group + 3);
        vec sum0_d{};
        int common = list_a.end - list_a.begin;
        if (list_b.end - list_b.begin < common) common = list_b.end - list_b.begin;
        if (list_c.end - list_c.begin < common) common = list_c.end - list_c.begin;
        if (list_d.end - list_d.begin < common) common = list_d.end - list_d.begin;
        for (int k = 0; k < common; ++k) {
            const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(k) * kRows;
            const vec x_a = broadcast(in.data + layer.offsets[list_a.begin + k]);
            sum0_a = fma(load(weights_a + at + 0 * kLanes), x_a, sum0_a);
            const vec x_b = broadcast(in.data + layer.offsets[list_b.begin + k]);
            sum0_b = fma(load(weights_b + at + 0 * kLanes), x_b, sum0_b);
            const vec x_c = broadcast(in.data + layer.offsets[list_c.begin + k]);
            sum0_c = fma(load(weights_c + at + 0 * kLanes), x_c, sum0_c);
            const vec x_d = broadcast(in.data + layer.offsets[list_d.begin + k]);
            sum0_d = fma(load(weights_d + at + 0 * kLanes), x_d, sum0_d);
        }
        const std::ptrdiff_t done = static_cast<std::ptrdiff_t>(common) * kRows;
        finish(group + 0, {list_a.begin + common, list_a.end}, weights_a + done, sum0_a);
        finish(group + 1, {list_b.begin + common, list_b.end}, weights_b + done, sum0_b);
        finish(group + 2, {list_c.begin + common, list_c.end}, weights_c + done, sum0_c);
        finish(group + 3, {list_d.begin + common, list_d.end}, weights_d + done, sum0_d);
    }
    for (; group < groups.end; ++group) {
        Range list = list_of(group);
        const float* weights = weights_of(group);
        vec sum0_a{}, sum0_b{}, sum0_c{}, sum0_d{};
        for (; list.end - list.begin >= 4; list.begin += 4, weights += 4 * kRows) {
            const vec x_a = broadcast(in.data + layer.offsets[list.begin + 0]);
            sum0_a = fma(load(weights + 0 * kLanes), x_a, sum0_a);
            const vec x_b = broadcast(in.data + layer.offsets[list.begin + 1]);
            sum0_b = fma(load(weights + 1 * kLanes), x_b, sum0_b);
            const vec x_c = broadcast(in.data + layer.offsets[list.begin + 2]);
            sum0_c = fma(load(weights + 2 * kLanes), x_c, sum0_c);
            const vec x_d = broadcast(in.data + layer.offsets[list.begin + 3]);
            sum0_d = fma(load(weights + 3 * kLanes), x_d, sum0_d);
        }
        sum0_a = sum0_a + sum0_c;
        sum0_b = sum0_b + sum0_d;
        sum0_a = sum0_a + sum0_b;
        finish(group, list, weights, sum0_a);
    }
}

}  // namespace npas_net
