// Fully connected layer over lists of kept columns, one filter at a time.
#include "linear_indexed_avx2_r1.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace npas_net {

namespace {

constexpr int kFetchAhead = 4096;  // bytes

inline vec epilogue(vec x) {
    return x;
}

// Lists are long, each is read once, and so short a loop leaves the hardware's own fetching behind.
template <class T>
inline void fetch_ahead(const T* p) {
    __builtin_prefetch(reinterpret_cast<const char*>(p) + kFetchAhead);
}

}  // namespace

void linear_indexed_avx2_r1(const Indexed& layer, View in, View out, Share share) {
    const Range groups = layer.groups_of(share);
    for (int group = groups.begin; group < groups.end; ++group) {
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        const float* weights = layer.weights + layer.first_weight[group];
        const std::int32_t *offset = layer.offsets + bounds[0], *end = layer.offsets + bounds[1];
        float suma = 0.0f, sumb = 0.0f, sumc = 0.0f, sumd = 0.0f, sume = 0.0f, sumf = 0.0f, sumg = 0.0f, sumh = 0.0f;
        for (; end - offset >= 8; offset += 8, weights += 8) {
            fetch_ahead(weights);
            fetch_ahead(offset);
            suma += weights[0] * in.data[offset[0]];
            sumb += weights[1] * in.data[offset[1]];
            sumc += weights[2] * in.data[offset[2]];
            sumd += weights[3] * in.data[offset[3]];
            sume += weights[4] * in.data[offset[4]];
            sumf += weights[5] * in.data[offset[5]];
            sumg += weights[6] * in.data[offset[6]];
            sumh += weights[7] * in.data[offset[7]];
        }
        for (; offset != end; ++offset, ++weights) suma += weights[0] * in.data[*offset];
        const float sum = ((suma + sumb) + (sumc + sumd)) + ((sume + sumf) + (sumg + sumh));
        const std::int32_t row = layer.rows[group];
        const vec x = splat(layer.bias[group] + sum);
        out.data[row] = epilogue(x)[0];
    }
}

}  // namespace npas_net
