// Fully connected layer over lists of kept columns, one filter at a time.
static inline vec epilogue(vec x) {
    return x;
}

// A work item has a filter.
VECTOR_KERNEL void linear_indexed_opencl8_r1(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int groups) {
    const int group = get_global_id(0);
    if (group >= groups) return;
    const __global real* x = in_data + in.offset;
    const __global float* weight = weights + first_weight[group];
    const int begin = bounds[2 * group], count = bounds[2 * group + 1] - begin;
    // Four sums, so that one addition need not wait for the other.
    float4 sum = (float4)(0.0f);
    int k = 0;
    for (; k + 4 <= count; k += 4) {
        const int4 at = load_int4(offsets + begin + k);
        sum = fma(load4(weight + k), (float4)(gather4(x, at)), sum);
    }
    for (; k < count; ++k) sum.s0 = fma(weight[k], read(x + offsets[begin + k]), sum.s0);
    const int row = rows[group];
    const vec result = splat(bias[group] + ((sum.s0 + sum.s1) + (sum.s2 + sum.s3)));
    write(out_data + out.offset + row, epilogue(result).s0);
}
