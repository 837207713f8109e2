// Between the caller's floats and an array of what values are stored as. A work item has four numbers.
__kernel void narrow(const __global float* in, __global real* out, const int elements) {
    const int first = get_global_id(0) * 4;
    if (first + 4 <= elements) {
        vstore_half4_rte(load4(in + first), 0, out + first);
    } else {
        for (int i = first; i < elements; ++i) write(out + i, in[i]);
    }
}

__kernel void widen(const __global real* in, __global float* out, const int elements) {
    const int first = get_global_id(0) * 4;
    if (first + 4 <= elements) {
        vstore4(vload_half4(0, in + first), 0, out + first);
    } else {
        for (int i = first; i < elements; ++i) out[i] = read(in + i);
    }
}
