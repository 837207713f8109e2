<%page args="view"/>\
<%
vectors = range(view.vectors)
chains = range({1: 4, 2: 2}.get(view.vectors, 1))  # sums of a filter, so that one addition need not wait for the other
streams = {1: 4, 2: 4, 4: 2}.get(view.vectors, 1)  # groups at a time
single = "abcdefgh"  # the same of a filter that stands alone
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
places = [(g, p) for g in range(streams) for p in vectors]
sum_of = lambda g, p: f"sum{p}{single[g]}"
%>\
// A group's filters lie side by side in the lanes; each kept column is one input to all of them. The bias comes last:
// small terms added to a large bias one by one would lose more.
${view.signature} {
    constexpr int kRows = ${view.vectors} * kLanes;
    const auto finish = [&](int group, ${", ".join(f"vec sum{p}" for p in vectors)}) __attribute__((always_inline)) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(group) * kRows;
% for p in vectors:
        store(out.data + row + ${p} * kLanes, epilogue(sum${p} + load(layer.bias + row + ${p} * kLanes)${f", load(residual.data + row + {p} * kLanes)" if view.residual else ""}));
% endfor
    };
    const auto weights_of = [&](int group) { return layer.${"halves" if view.half else "weights"} + layer.first_weight[group]; };
    const auto list_of = [&](int group) { return layer.offsets + layer.bounds[static_cast<std::ptrdiff_t>(group) * 2]; };
    const auto end_of = [&](int group) { return layer.offsets + layer.bounds[static_cast<std::ptrdiff_t>(group) * 2 + 1]; };
    const Range groups = layer.groups_of(share);
    int group = groups.begin;
% if streams > 1:
    // Weights are read once: ${streams} groups' at a time, since memory gives more to a few streams than to one.
    for (; group + ${streams} <= groups.end; group += ${streams}) {
% for g in range(streams):
        const ${stored}* weights${single[g]} = weights_of(group + ${g});
        const std::int32_t *offset${single[g]} = list_of(group + ${g}), *end${single[g]} = end_of(group + ${g});
        vec ${", ".join(f"{sum_of(g, p)}{{}}" for p in vectors)};
% endfor
        std::ptrdiff_t both = enda - offseta;
% for c in single[1:streams]:
        if (end${c} - offset${c} < both) both = end${c} - offset${c};
% endfor
        for (std::ptrdiff_t k = 0; k < both; ++k) {
% for g in range(streams):
            const vec x${single[g]} = broadcast(in.data + offset${single[g]}[k]);
% for p in vectors:
            ${sum_of(g, p)} = fma(${load_weights}(weights${single[g]} + k * kRows + ${p} * kLanes), x${single[g]}, ${sum_of(g, p)});
% endfor
% endfor
        }
% for g, c in enumerate(single[:streams]):
        for (offset${c} += both, weights${c} += both * kRows; offset${c} != end${c}; ++offset${c}, weights${c} += kRows) {
            const vec x = broadcast(in.data + *offset${c});
% for p in vectors:
            ${sum_of(g, p)} = fma(${load_weights}(weights${c} + ${p} * kLanes), x, ${sum_of(g, p)});
% endfor
        }
        finish(group + ${g}, ${", ".join(sum_of(g, p) for p in vectors)});
% endfor
    }
% endif
    for (; group < groups.end; ++group) {
        const ${stored}* weights = weights_of(group);
        const std::int32_t *offset = list_of(group), *end = end_of(group);
% for p in vectors:
        vec ${", ".join(f"sum{p}{chr(97 + c)}{{}}" for c in chains)};
% endfor
% if len(chains) > 1:
        for (; end - offset >= ${len(chains)}; offset += ${len(chains)}, weights += ${len(chains)} * kRows) {
% for c in chains:
            const vec x${chr(97 + c)} = broadcast(in.data + offset[${c}]);
% for p in vectors:
            sum${p}${chr(97 + c)} = fma(${load_weights}(weights + ${c * view.vectors + p} * kLanes), x${chr(97 + c)}, sum${p}${chr(97 + c)});
% endfor
% endfor
        }
% endif
        for (; offset != end; ++offset, weights += kRows) {
            const vec x = broadcast(in.data + *offset);
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
% endfor
        finish(group, ${", ".join(f"sum{p}a" for p in vectors)});
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
