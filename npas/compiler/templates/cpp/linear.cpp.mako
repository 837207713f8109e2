<%page args="view"/>\
<%
vectors = range(view.vectors)
chains = range({1: 4, 2: 2}.get(view.vectors, 1))  # sums of a filter, so that one addition need not wait for the other
load_weights = "load_halves" if view.half else "load"
weight = (lambda at: f"half_to_float(weights[{at}])") if view.half else (lambda at: f"weights[{at}]")
%>\
// Fully connected layer over lists of kept columns, \
${view.summary}.
#include "${view.name}.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace ${view.namespace} {

namespace {

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

}  // namespace

% if view.rows > 1:
// A group's filters lie side by side in the lanes; each kept column is one input to all of them. The bias comes last:
// small terms added to a large bias one by one would lose more.
${view.signature} {
    constexpr int kRows = ${view.vectors} * kLanes;
    const Range groups = layer.groups_of(share);
    for (int group = groups.begin; group < groups.end; ++group) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(group) * kRows;
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        const ${"std::uint16_t" if view.half else "float"}* weights = layer.${"halves" if view.half else "weights"} + layer.first_weight[group];
% for p in vectors:
        vec ${", ".join(f"sum{p}{chr(97 + c)}{{}}" for c in chains)};
% endfor
        std::int32_t k = bounds[0];
% if len(chains) > 1:
        for (; k + ${len(chains)} <= bounds[1]; k += ${len(chains)}, weights += ${len(chains)} * kRows) {
% for c in chains:
            const vec x${chr(97 + c)} = broadcast(in.data + layer.offsets[k + ${c}]);
% for p in vectors:
            sum${p}${chr(97 + c)} = fma(${load_weights}(weights + ${c * view.vectors + p} * kLanes), x${chr(97 + c)}, sum${p}${chr(97 + c)});
% endfor
% endfor
        }
% endif
        for (; k < bounds[1]; ++k, weights += kRows) {
            const vec x = broadcast(in.data + layer.offsets[k]);
% for p in vectors:
            sum${p}a = fma(${load_weights}(weights + ${p} * kLanes), x, sum${p}a);
% endfor
        }
% for p in vectors:
% for width in [w for w in (2, 1) if 2 * w <= len(chains)]:
% for c in range(width):
        sum${p}${chr(97 + c)} = sum${p}${chr(97 + c)} + sum${p}${chr(97 + c + width)};
% endfor
% endfor
        store(out.data + row + ${p} * kLanes, epilogue(sum${p}a + load(layer.bias + row + ${p} * kLanes)${f", load(residual.data + row + {p} * kLanes)" if view.residual else ""}));
% endfor
    }
}
% else:
${view.signature} {
    const Range groups = layer.groups_of(share);
    for (int group = groups.begin; group < groups.end; ++group) {
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        const ${"std::uint16_t" if view.half else "float"}* weights = layer.${"halves" if view.half else "weights"} + layer.first_weight[group];
        const std::int32_t* offsets = layer.offsets + bounds[0];
        const std::int32_t count = bounds[1] - bounds[0];
        // Four sums, so that one addition need not wait for the other.
        float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        std::int32_t k = 0;
        for (; k + 4 <= count; k += 4) {
            for (int i = 0; i < 4; ++i) sum[i] += ${weight("k + i")} * in.data[offsets[k + i]];
        }
        for (; k < count; ++k) sum[0] += ${weight("k")} * in.data[offsets[k]];
        const std::int32_t row = layer.rows[group];
        const vec x = splat(layer.bias[group] + ((sum[0] + sum[1]) + (sum[2] + sum[3])));
        out.data[row] = epilogue(x${", splat(residual.data[row])" if view.residual else ""})[0];
    }
}
% endif

}  // namespace ${view.namespace}
