// Fully connected layer over lists of kept columns, 2 vectors of filters at a time.
static inline vec epilogue(vec x) {
    x = hard_swish(x);
    return x;
}

#define STORED (2 * LANES)  // weights of a group for one column

// A work item has a group of filters, which lie side by side in lanes.
VECTOR_KERNEL void linear_indexed_opencl8_math16_r16_hard_swish(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int groups) {
    const int group = get_global_id(0);
    if (group >= groups) return;
    const __global real* x = in_data + in.offset;
    const __global float* weight = weights + first_weight[group];
    const int end = bounds[2 * group + 1];
    int k = bounds[2 * group];
    vec sum0a = splat(0.0f), sum0b = splat(0.0f);
    vec sum1a = splat(0.0f), sum1b = splat(0.0f);
    for (; k + 2 <= end; k += 2, weight += 2 * STORED) {
        const vec xa = read_in_all(x + offsets[k + 0]);
        sum0a = fma(load(weight + 0 * LANES), xa, sum0a);
        sum1a = fma(load(weight + 1 * LANES), xa, sum1a);
        const vec xb = read_in_all(x + offsets[k + 1]);
        sum0b = fma(load(weight + 2 * LANES), xb, sum0b);
        sum1b = fma(load(weight + 3 * LANES), xb, sum1b);
    }
    for (; k < end; ++k, weight += STORED) {
        const vec xa = read_in_all(x + offsets[k]);
        sum0a = fma(load(weight + 0 * LANES), xa, sum0a);
        sum1a = fma(load(weight + 1 * LANES), xa, sum1a);
    }
    sum0a += sum0b;
    const int at0 = group * STORED + 0 * LANES;
    write_vec(out_data + out.offset + at0, epilogue(sum0a + load(bias + at0)));
    sum1a += sum1b;
    const int at1 = group * STORED + 1 * LANES;
    write_vec(out_data + out.offset + at1, epilogue(sum1a + load(bias + at1)));
}
