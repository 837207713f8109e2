// [rows, length] -> [rows]. A work item has a row.
#define REDUCE(name, result)                                                        \
    __kernel void name(VIEW(in), VIEW(out), const int rows, const int length) {     \
        const int i = get_global_id(0);                                             \
        if (i >= rows) return;                                                      \
        const __global real* row = in_data + in.offset + i * length;                \
        write(out_data + out.offset + i, result);                                    \
    }

static inline float largest(const __global real* row, int length) {
    float found = read(row);
    for (int i = 1; i < length; ++i) found = greater(found, read(row + i));
    return found;
}

static inline float smallest(const __global real* row, int length) {
    float found = read(row);
    for (int i = 1; i < length; ++i) found = lesser(found, read(row + i));
    return found;
}

static inline float product(const __global real* row, int length) {
    float found = read(row);
    for (int i = 1; i < length; ++i) found *= read(row + i);
    return found;
}

REDUCE(reduce_sum, total(row, length))
REDUCE(reduce_mean, total(row, length) / length)
REDUCE(reduce_max, largest(row, length))
REDUCE(reduce_min, smallest(row, length))
REDUCE(reduce_prod, product(row, length))
