// Over each of [rows, length]. A work item has a row.
#define ROW(in, out)                                                   \
    const int i = get_global_id(0);                                    \
    if (i >= rows) return;                                             \
    const __global real* row = in##_data + in.offset + i * length;    \
    __global real* to = out##_data + out.offset + i * length;         \
    float top = read(row);                                              \
    for (int k = 1; k < length; ++k) top = greater(top, read(row + k));

__kernel void softmax(VIEW(in), VIEW(out), const int rows, const int length) {
    ROW(in, out)
    float sum = 0.0f;
    for (int k = 0; k < length; ++k) {
        const float x = exp(read(row + k) - top);
        write(to + k, x);
        sum += x;
    }
    for (int k = 0; k < length; ++k) write(to + k, read(to + k) / sum);
}

__kernel void log_softmax(VIEW(in), VIEW(out), const int rows, const int length) {
    ROW(in, out)
    float sum = 0.0f;
    for (int k = 0; k < length; ++k) sum += exp(read(row + k) - top);
    const float offset = log(sum);
    for (int k = 0; k < length; ++k) write(to + k, read(row + k) - top - offset);
}

// 1 for the first of a row's largest, 0 for the others. A NaN in front is larger than all, elsewhere than none.
__kernel void hardmax(VIEW(in), VIEW(out), const int rows, const int length) {
    const int i = get_global_id(0);
    if (i >= rows) return;
    const __global real* row = in_data + in.offset + i * length;
    int best = 0;
    for (int k = 1; k < length; ++k) best = read(row + best) < read(row + k) ? k : best;
    for (int k = 0; k < length; ++k) write(out_data + out.offset + i * length + k, k == best ? 1.0f : 0.0f);
}
