// [outer, size, inner] -> [outer, count, inner]: element i is the sum over j < taps of weights[i * taps + j] times
// element indices[i * taps + j]. A work item has an element.
__kernel void resample(VIEW(in), VIEW(out), __global const int* indices, __global const float* weights,
                       const int size, const int inner, const int count, const int taps) {
    const int x = get_global_id(0) % inner, i = get_global_id(0) / inner, outer = get_global_id(1);
    if (i >= count) return;
    float sum = 0.0f;
    for (int j = i * taps; j < (i + 1) * taps; ++j) {
        sum = fma(weights[j], read(in_data + in.offset + (outer * size + indices[j]) * inner + x), sum);
    }
    write(out_data + out.offset + (outer * count + i) * inner + x, sum);
}
