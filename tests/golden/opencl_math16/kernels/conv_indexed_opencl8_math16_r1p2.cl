// Convolution over lists of kept positions: 1 filter x 2 vectors of pixels in registers.
#define FILTERS 1
#define TILE (2 * LANES)

static inline vec epilogue(vec x) {
    return x;
}

// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third. What is no pixel becomes zero.
VECTOR_KERNEL void conv_indexed_opencl8_math16_r1p2(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int tiles) {
    const int t = get_global_id(0) + get_global_id(2) * get_global_size(0), group = get_global_id(1);
    if (t >= tiles) return;
    const int at = t * TILE;
    const __global real* tile = in_data + in.offset + at;
    const __global int* offset = offsets + bounds[2 * group];
    const __global int* end = offsets + bounds[2 * group + 1];
    const __global float* weight = weights + first_weight[group];
    vec a0a = splat(0.0f), a0b = splat(0.0f);
    while (offset != end) {
        const __global int* until = offset + least((int)(end - offset), RUN);
        factors h0a = (factors)(0.0f), h0b = (factors)(0.0f);
        for (; offset != until; ++offset, weight += FILTERS) {
            const __global real* from = tile + *offset;
            const factors xa = read_factors_anywhere(from + 0 * LANES);
            const factors xb = read_factors_anywhere(from + 1 * LANES);
            const factors w0 = one_weight_of(weight + 0);
            h0a = fma(w0, xa, h0a);
            h0b = fma(w0, xb, h0b);
        }
        a0a += widened(h0a);
        a0b += widened(h0b);
    }
    {
        const int row = rows[group * FILTERS + 0];
        if (row >= 0) {
            const vec filter_bias = broadcast(bias + group * FILTERS + 0);
            __global real* to = PLANE(out, row);
            int x = at % out.pitch;
            write_vec(to + at + 0 * LANES, keep(epilogue(a0a + filter_bias), pixels_at(out, at + 0 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 1 * LANES, keep(epilogue(a0b + filter_bias), pixels_at(out, at + 1 * LANES, x)));
            x = next_column(out, x);
            if (t + 1 == tiles) clear_margins(to, out, tiles * TILE);
        }
    }
}
