// [rows, length] -> [rows]. A work item has a row.
#define REDUCE(name, result)                                                        \
    __kernel void name(VIEW(in), VIEW(out), const int rows, const int length) {     \
        const int i = get_global_id(0);                                             \
        if (i >= rows) return;                                                      \
        const __global float* row = in_data + in.offset + i * length;               \
        out_data[out.offset + i] = result;                                          \
    }

static inline float largest(const __global float* row, int length) {
    float found = row[0];
    for (int i = 1; i < length; ++i) found = found < row[i] ? row[i] : found;
    return found;
}

static inline float smallest(const __global float* row, int length) {
    float found = row[0];
    for (int i = 1; i < length; ++i) found = row[i] < found ? row[i] : found;
    return found;
}

static inline float product(const __global float* row, int length) {
    float found = row[0];
    for (int i = 1; i < length; ++i) found *= row[i];
    return found;
}

REDUCE(reduce_sum, total(row, length))
REDUCE(reduce_mean, total(row, length) / length)
REDUCE(reduce_max, largest(row, length))
REDUCE(reduce_min, smallest(row, length))
REDUCE(reduce_prod, product(row, length))
