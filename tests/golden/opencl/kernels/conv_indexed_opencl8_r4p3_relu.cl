// Convolution over lists of kept positions: 4 filters x 3 vectors of pixels in registers.
#define FILTERS 4
#define TILE (3 * LANES)

static inline vec epilogue(vec x) {
    x = relu(x);
    return x;
}

// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third. What is no pixel becomes zero.
VECTOR_KERNEL void conv_indexed_opencl8_r4p3_relu(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int tiles) {
    const int t = get_global_id(0) + get_global_id(2) * get_global_size(0), group = get_global_id(1);
    if (t >= tiles) return;
    const int at = t * TILE;
    const __global real* tile = in_data + in.offset + at;
    const __global int* offset = offsets + bounds[2 * group];
    const __global int* end = offsets + bounds[2 * group + 1];
    const __global float* weight = weights + first_weight[group];
    vec a0a = splat(0.0f), a0b = splat(0.0f), a0c = splat(0.0f);
    vec a1a = splat(0.0f), a1b = splat(0.0f), a1c = splat(0.0f);
    vec a2a = splat(0.0f), a2b = splat(0.0f), a2c = splat(0.0f);
    vec a3a = splat(0.0f), a3b = splat(0.0f), a3c = splat(0.0f);
    for (; offset != end; ++offset, weight += FILTERS) {
        const __global real* from = tile + *offset;
        const factors xa = read_factors_anywhere(from + 0 * LANES);
        const factors xb = read_factors_anywhere(from + 1 * LANES);
        const factors xc = read_factors_anywhere(from + 2 * LANES);
        const factors w0 = one_weight_of(weight + 0);
        a0a = fma(w0, xa, a0a);
        a0b = fma(w0, xb, a0b);
        a0c = fma(w0, xc, a0c);
        const factors w1 = one_weight_of(weight + 1);
        a1a = fma(w1, xa, a1a);
        a1b = fma(w1, xb, a1b);
        a1c = fma(w1, xc, a1c);
        const factors w2 = one_weight_of(weight + 2);
        a2a = fma(w2, xa, a2a);
        a2b = fma(w2, xb, a2b);
        a2c = fma(w2, xc, a2c);
        const factors w3 = one_weight_of(weight + 3);
        a3a = fma(w3, xa, a3a);
        a3b = fma(w3, xb, a3b);
        a3c = fma(w3, xc, a3c);
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
            write_vec(to + at + 2 * LANES, keep(epilogue(a0c + filter_bias), pixels_at(out, at + 2 * LANES, x)));
            x = next_column(out, x);
            if (t + 1 == tiles) clear_margins(to, out, tiles * TILE);
        }
    }
    {
        const int row = rows[group * FILTERS + 1];
        if (row >= 0) {
            const vec filter_bias = broadcast(bias + group * FILTERS + 1);
            __global real* to = PLANE(out, row);
            int x = at % out.pitch;
            write_vec(to + at + 0 * LANES, keep(epilogue(a1a + filter_bias), pixels_at(out, at + 0 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 1 * LANES, keep(epilogue(a1b + filter_bias), pixels_at(out, at + 1 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 2 * LANES, keep(epilogue(a1c + filter_bias), pixels_at(out, at + 2 * LANES, x)));
            x = next_column(out, x);
            if (t + 1 == tiles) clear_margins(to, out, tiles * TILE);
        }
    }
    {
        const int row = rows[group * FILTERS + 2];
        if (row >= 0) {
            const vec filter_bias = broadcast(bias + group * FILTERS + 2);
            __global real* to = PLANE(out, row);
            int x = at % out.pitch;
            write_vec(to + at + 0 * LANES, keep(epilogue(a2a + filter_bias), pixels_at(out, at + 0 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 1 * LANES, keep(epilogue(a2b + filter_bias), pixels_at(out, at + 1 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 2 * LANES, keep(epilogue(a2c + filter_bias), pixels_at(out, at + 2 * LANES, x)));
            x = next_column(out, x);
            if (t + 1 == tiles) clear_margins(to, out, tiles * TILE);
        }
    }
    {
        const int row = rows[group * FILTERS + 3];
        if (row >= 0) {
            const vec filter_bias = broadcast(bias + group * FILTERS + 3);
            __global real* to = PLANE(out, row);
            int x = at % out.pitch;
            write_vec(to + at + 0 * LANES, keep(epilogue(a3a + filter_bias), pixels_at(out, at + 0 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 1 * LANES, keep(epilogue(a3b + filter_bias), pixels_at(out, at + 1 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 2 * LANES, keep(epilogue(a3c + filter_bias), pixels_at(out, at + 2 * LANES, x)));
            x = next_column(out, x);
            if (t + 1 == tiles) clear_margins(to, out, tiles * TILE);
        }
    }
}
