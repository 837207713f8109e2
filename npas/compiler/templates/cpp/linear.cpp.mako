<%page args="view"/>\
<%
vectors = range(view.vectors)
chains = "abcd"[: {1: 4, 2: 2}.get(view.vectors, 1)]  # sums of a filter, so that one addition need not wait for the other
single = "abcdefgh"  # the same of a filter that stands alone
streams = "abcd"[: {1: 4, 2: 4, 4: 2}.get(view.vectors, 1)]  # groups at a time
load_weights = "load_halves" if view.half else "load"
load_lower = "load_lower_halves" if view.half else "load_lower"
stored = "std::uint16_t" if view.half else "float"
weight = (lambda at: f"half_to_float(weights[{at}])") if view.half else (lambda at: f"weights[{at}]")
%>\
// Fully connected layer over lists of kept columns, \
${view.summary}.
#include "${view.name}.h"
#include "npas/indexed.h"
#include "npas/functions.h"

namespace ${view.namespace} {

namespace {

% if view.rows == 1 or view.in_half:
constexpr int kFetchAhead = 4096;  // bytes
% endif

inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}
% if view.rows == 1 or view.in_half:

// Lists are long, each is read once, and so short a loop leaves the hardware's own fetching behind.
template <class T>
inline void fetch_ahead(const T* p) {
    __builtin_prefetch(reinterpret_cast<const char*>(p) + kFetchAhead);
}
% endif

}  // namespace

% if view.in_half:
// A group's filters fill half of the lanes: a vector of weights holds two entries of their list. The bias comes last:
// small terms added to a large bias one by one would lose more.
${view.signature} {
    constexpr int kRows = kLanes / 2;
    const Range groups = layer.groups_of(share);
    for (int group = groups.begin; group < groups.end; ++group) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(group) * kRows;
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        const ${stored}* weights = layer.${"halves" if view.half else "weights"} + layer.first_weight[group];
        const std::int32_t *offset = layer.offsets + bounds[0], *end = layer.offsets + bounds[1];
        vec ${", ".join(f"sum{c}{{}}" for c in single[:4])};
        for (; end - offset >= 8; offset += 8, weights += 8 * kRows) {
            fetch_ahead(weights);
% for i, c in enumerate(single[:4]):
            sum${c} = fma(${load_weights}(weights + ${2 * i} * kRows), broadcast_two(in.data + offset[${2 * i}], in.data + offset[${2 * i + 1}]), sum${c});
% endfor
        }
        for (; offset != end; ++offset, weights += kRows) suma = fma(${load_lower}(weights), broadcast(in.data + *offset), suma);
        const vec sum = fold((suma + sumb) + (sumc + sumd));
        store_lower(out.data + row, epilogue(sum + load_lower(layer.bias + row)${", load_lower(residual.data + row)" if view.residual else ""}));
    }
}
% elif view.rows > 1:
<%
sum_of = lambda p, s: f"sum{p}_{s}"
sums_of = lambda s: ", ".join(sum_of(p, s) for p in vectors)
%>\
// A group's filters lie side by side in the lanes; each kept column is one input to all of them. The bias comes last:
// small terms added to a large bias one by one would lose more.
${view.signature} {
    constexpr int kRows = ${view.vectors} * kLanes;
    const auto weights_of = [&](int group) { return layer.${"halves" if view.half else "weights"} + layer.first_weight[group]; };
    const auto list_of = [&](int group) {
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        return Range{bounds[0], bounds[1]};
    };
    // What is left of a group's list, and the output.
    const auto finish = [&](int group, Range list, const ${stored}* weights, ${", ".join(f"vec sum{p}" for p in vectors)}) __attribute__((always_inline)) {
        for (int k = list.begin; k < list.end; ++k, weights += kRows) {
            const vec x = broadcast(in.data + layer.offsets[k]);
% for p in vectors:
            sum${p} = fma(${load_weights}(weights + ${p} * kLanes), x, sum${p});
% endfor
        }
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(group) * kRows;
% for p in vectors:
        store(out.data + row + ${p} * kLanes, epilogue(sum${p} + load(layer.bias + row + ${p} * kLanes)${f", load(residual.data + row + {p} * kLanes)" if view.residual else ""}));
% endfor
    };
    const Range groups = layer.groups_of(share);
    int group = groups.begin;
% if len(streams) > 1:
    // Weights are read once, those of ${len(streams)} groups at a time: memory gives more to a few streams than to one.
    for (; group + ${len(streams)} <= groups.end; group += ${len(streams)}) {
% for g, s in enumerate(streams):
        const Range list_${s} = list_of(group + ${g});
        const ${stored}* weights_${s} = weights_of(group + ${g});
        vec ${", ".join(f"{sum_of(p, s)}{{}}" for p in vectors)};
% endfor
        int common = list_a.end - list_a.begin;
% for s in streams[1:]:
        if (list_${s}.end - list_${s}.begin < common) common = list_${s}.end - list_${s}.begin;
% endfor
        for (int k = 0; k < common; ++k) {
            const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(k) * kRows;
% for s in streams:
            const vec x_${s} = broadcast(in.data + layer.offsets[list_${s}.begin + k]);
% for p in vectors:
            ${sum_of(p, s)} = fma(${load_weights}(weights_${s} + at + ${p} * kLanes), x_${s}, ${sum_of(p, s)});
% endfor
% endfor
        }
        const std::ptrdiff_t done = static_cast<std::ptrdiff_t>(common) * kRows;
% for g, s in enumerate(streams):
        finish(group + ${g}, {list_${s}.begin + common, list_${s}.end}, weights_${s} + done, ${sums_of(s)});
% endfor
    }
% endif
    for (; group < groups.end; ++group) {
        Range list = list_of(group);
        const ${stored}* weights = weights_of(group);
% for p in vectors:
        vec ${", ".join(f"{sum_of(p, c)}{{}}" for c in chains)};
% endfor
% if len(chains) > 1:
        for (; list.end - list.begin >= ${len(chains)}; list.begin += ${len(chains)}, weights += ${len(chains)} * kRows) {
% for i, c in enumerate(chains):
            const vec x_${c} = broadcast(in.data + layer.offsets[list.begin + ${i}]);
% for p in vectors:
            ${sum_of(p, c)} = fma(${load_weights}(weights + ${i * view.vectors + p} * kLanes), x_${c}, ${sum_of(p, c)});
% endfor
% endfor
        }
% for p in vectors:
% for width in [w for w in (2, 1) if 2 * w <= len(chains)]:
% for one, other in zip(chains[:width], chains[width:]):
        ${sum_of(p, one)} = ${sum_of(p, one)} + ${sum_of(p, other)};
% endfor
% endfor
% endfor
% endif
        finish(group, list, weights, ${sums_of("a")});
    }
}
% else:
${view.signature} {
    const Range groups = layer.groups_of(share);
    for (int group = groups.begin; group < groups.end; ++group) {
        const std::int32_t* bounds = layer.bounds + static_cast<std::ptrdiff_t>(group) * 2;
        const ${stored}* weights = layer.${"halves" if view.half else "weights"} + layer.first_weight[group];
        const std::int32_t *offset = layer.offsets + bounds[0], *end = layer.offsets + bounds[1];
        float ${", ".join(f"sum{c} = 0.0f" for c in single)};
        for (; end - offset >= ${len(single)}; offset += ${len(single)}, weights += ${len(single)}) {
            fetch_ahead(weights);
            fetch_ahead(offset);
% for i, c in enumerate(single):
            sum${c} += ${weight(i)} * in.data[offset[${i}]];
% endfor
        }
        for (; offset != end; ++offset, ++weights) suma += ${weight(0)} * in.data[*offset];
        const float sum = ((suma + sumb) + (sumc + sumd)) + ((sume + sumf) + (sumg + sumh));
        const std::int32_t row = layer.rows[group];
        const vec x = splat(layer.bias[group] + sum);
        out.data[row] = epilogue(x${", splat(residual.data[row])" if view.residual else ""})[0];
    }
}
% endif

}  // namespace ${view.namespace}
