// Fully connected layer over lists of kept columns, 1 vector of filters at a time.
static inline vec epilogue(vec x) {
    return x;
}

#define STORED (1 * LANES)  // weights of a group for one column

// A work item has a group of filters, which lie side by side in lanes.
VECTOR_KERNEL void linear_indexed_opencl8_r8(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int groups) {
    const int group = get_global_id(0);
    if (group >= groups) return;
    const __global real* x = in_data + in.offset;
    const __global float* weight = weights + first_weight[group];
    const int end = bounds[2 * group + 1];
    int k = bounds[2 * group];
    vec sum0a = splat(0.0f), sum0b = splat(0.0f), sum0c = splat(0.0f), sum0d = splat(0.0f);
    for (; k + 4 <= end; k += 4, weight += 4 * STORED) {
        const vec xa = read_in_all(x + offsets[k + 0]);
        sum0a = fma(load(weight + 0 * LANES), xa, sum0a);
        const vec xb = read_in_all(x + offsets[k + 1]);
        sum0b = fma(load(weight + 1 * LANES), xb, sum0b);
        const vec xc = read_in_all(x + offsets[k + 2]);
        sum0c = fma(load(weight + 2 * LANES), xc, sum0c);
        const vec xd = read_in_all(x + offsets[k + 3]);
        sum0d = fma(load(weight + 3 * LANES), xd, sum0d);
    }
    for (; k < end; ++k, weight += STORED) {
        const vec xa = read_in_all(x + offsets[k]);
        sum0a = fma(load(weight + 0 * LANES), xa, sum0a);
    }
    sum0a += sum0c;
    sum0b += sum0d;
    sum0a += sum0b;
    const int at0 = group * STORED + 0 * LANES;
    write_vec(out_data + out.offset + at0, epilogue(sum0a + load(bias + at0)));
}
