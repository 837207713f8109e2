// Fully connected layer over lists of kept columns, 1 vector of filters at a time.
static inline vec epilogue(vec x) {
    return x;
}

#define SLICES 64
#define STORED (1 * LANES)  // weights of a group for one column

// A work group has a group of filters, which lie side by side in lanes; its items take the columns in turn.
VECTOR_KERNEL __attribute__((reqd_work_group_size(64, 1, 1))) void linear_indexed_opencl_gpu_r4_x64(const __global float* weights, LISTS, VIEW(in), VIEW(out)) {
    const int group = get_group_id(0), slice = get_local_id(0);
    const int begin = bounds[2 * group], count = bounds[2 * group + 1] - begin;
    const __global real* x = in_data + in.offset;
    const __global float* weight = weights + first_weight[group];
    __local vec waiting[SLICES * 1];
    vec sum0 = splat(0.0f);
    for (int k = slice; k < count; k += SLICES) {
        const vec in_column = read_in_all(x + offsets[begin + k]);
        sum0 = fma(load(weight + k * STORED + 0 * LANES), in_column, sum0);
    }
    waiting[slice * 1 + 0] = sum0;
    barrier(CLK_LOCAL_MEM_FENCE);
    // An item adds up what all have of a vector.
    for (int v = slice; v < 1; v += SLICES) {
        vec sum = waiting[v];
        for (int i = 1; i < SLICES; ++i) sum += waiting[i * 1 + v];
        const int at = group * STORED + v * LANES;
        write_vec(out_data + out.offset + at, epilogue(sum + load(bias + at)));
    }
}
