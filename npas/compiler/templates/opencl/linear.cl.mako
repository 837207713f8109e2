<%page args="view"/>\
<%namespace name="common" file="epilogue.mako"/>\
<%namespace name="lanes" file="lanes.mako"/>\
<%
vectors = range(view.vectors)
chains = range({1: 4, 2: 2}.get(view.vectors, 1))  # sums of a filter, so that one addition need not wait for the other
stored = "half" if view.half else "float"
load = "load_halves" if view.half else "load"
%>\
<%def name="pointers()">\
    const __global real* x = in_data + in.offset;
    const __global ${stored}* weight = weights + first_weight[group];
</%def>\
<%def name="leave(sum)">\
    const int row = rows[group];
    const vec result = splat(bias[group] + ${sum});
    write(out_data + out.offset + row, epilogue(result${", read_in_all(residual_data + residual.offset + row)" if view.residual else ""}).s0);
</%def>\
<%def name="leave_lanes(indent, sum, at='at')">\
${indent}    write_vec(out_data + out.offset + ${at}, epilogue(${sum} + load(bias + ${at})${f", read_vec(residual_data + residual.offset + {at})" if view.residual else ""}));
</%def>\
// Fully connected layer over lists of kept columns, ${view.summary}.
${common.epilogue(view)}
% if view.slices:
#define SLICES ${view.slices}
% if view.rows > 1:
#define STORED (${view.vectors} * LANES)  // weights of a group for one column
% endif

// A work group has ${"a group of filters, which lie side by side in lanes" if view.rows > 1 else "a filter"}; its items take the columns in turn.
VECTOR_KERNEL ${lanes.size(view.slices)}void ${view.name}(const __global ${stored}* weights, LISTS, VIEW(in), VIEW(out)${", VIEW(residual)" if view.residual else ""}) {
    const int group = get_group_id(0), slice = get_local_id(0);
    const int begin = bounds[2 * group], count = bounds[2 * group + 1] - begin;
${pointers()}\
% if view.rows > 1:
    __local vec waiting[SLICES * ${view.vectors}];
    vec ${", ".join(f"sum{v} = splat(0.0f)" for v in vectors)};
    for (int k = slice; k < count; k += SLICES) {
        const vec in_column = read_in_all(x + offsets[begin + k]);
% for v in vectors:
        sum${v} = fma(${load}(weight + k * STORED + ${v} * LANES), in_column, sum${v});
% endfor
    }
% for v in vectors:
    waiting[slice * ${view.vectors} + ${v}] = sum${v};
% endfor
    barrier(CLK_LOCAL_MEM_FENCE);
    // An item adds up what all have of a vector.
    for (int v = slice; v < ${view.vectors}; v += SLICES) {
        vec sum = waiting[v];
        for (int i = 1; i < SLICES; ++i) sum += waiting[i * ${view.vectors} + v];
        const int at = group * STORED + v * LANES;
${leave_lanes("    ", "sum")}\
    }
% else:
    __local float waiting[SLICES];
    float sum = 0.0f;
    for (int k = slice; k < count; k += SLICES) {
        sum = fma(${"vload_half(k, weight)" if view.half else "weight[k]"}, read(x + offsets[begin + k]), sum);
    }
    waiting[slice] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (slice > 0) return;
    for (int i = 1; i < SLICES; ++i) sum += waiting[i];
${leave("sum")}\
% endif
}
% elif view.rows > 1:
#define STORED (${view.vectors} * LANES)  // weights of a group for one column

// A work item has a group of filters, which lie side by side in lanes.
VECTOR_KERNEL void ${view.name}(const __global ${stored}* weights, LISTS, VIEW(in), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const int groups) {
    const int group = get_global_id(0);
    if (group >= groups) return;
${pointers()}\
    const int end = bounds[2 * group + 1];
    int k = bounds[2 * group];
% for v in vectors:
    vec ${", ".join(f"sum{v}{chr(97 + c)} = splat(0.0f)" for c in chains)};
% endfor
% if len(chains) > 1:
    for (; k + ${len(chains)} <= end; k += ${len(chains)}, weight += ${len(chains)} * STORED) {
% for c in chains:
        const vec x${chr(97 + c)} = read_in_all(x + offsets[k + ${c}]);
% for v in vectors:
        sum${v}${chr(97 + c)} = fma(${load}(weight + ${c * view.vectors + v} * LANES), x${chr(97 + c)}, sum${v}${chr(97 + c)});
% endfor
% endfor
    }
% endif
    for (; k < end; ++k, weight += STORED) {
        const vec xa = read_in_all(x + offsets[k]);
% for v in vectors:
        sum${v}a = fma(${load}(weight + ${v} * LANES), xa, sum${v}a);
% endfor
    }
% for v in vectors:
% for width in [w for w in (2, 1) if 2 * w <= len(chains)]:
% for c in range(width):
    sum${v}${chr(97 + c)} += sum${v}${chr(97 + c + width)};
% endfor
% endfor
    const int at${v} = group * STORED + ${v} * LANES;
${leave_lanes("", f"sum{v}a", f"at{v}")}\
% endfor
}
% else:
// A work item has a filter.
VECTOR_KERNEL void ${view.name}(const __global ${stored}* weights, LISTS, VIEW(in), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const int groups) {
    const int group = get_global_id(0);
    if (group >= groups) return;
${pointers()}\
    const int begin = bounds[2 * group], count = bounds[2 * group + 1] - begin;
    // Four sums, so that one addition need not wait for the other.
    float4 sum = (float4)(0.0f);
    int k = 0;
    for (; k + 4 <= count; k += 4) {
        const int4 at = load_int4(offsets + begin + k);
        sum = fma(${"vload_half4(0, weight + k)" if view.half else "load4(weight + k)"}, (float4)(gather4(x, at)), sum);
    }
    for (; k < count; ++k) sum.s0 = fma(${"vload_half(k, weight)" if view.half else "weight[k]"}, read(x + offsets[begin + k]), sum.s0);
${leave("((sum.s0 + sum.s1) + (sum.s2 + sum.s3))")}\
}
% endif
