// Convolution over lists of kept positions: 1 filter x 11 vectors of pixels in registers.
#define FILTERS 1
#define TILE (11 * LANES)

static inline vec epilogue(vec x, vec residual) {
    x = x + residual;
    return x;
}

// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third. What is no pixel becomes zero.
VECTOR_KERNEL void conv_indexed_opencl8_r1p11_add(const __global float* weights, LISTS, VIEW(in), VIEW(out), VIEW(residual), const int tiles) {
    const int t = get_global_id(0) + get_global_id(2) * get_global_size(0), group = get_global_id(1);
    if (t >= tiles) return;
    const int at = t * TILE;
    const __global real* tile = in_data + in.offset + at;
    const __global int* offset = offsets + bounds[2 * group];
    const __global int* end = offsets + bounds[2 * group + 1];
    const __global float* weight = weights + first_weight[group];
    vec a0a = splat(0.0f), a0b = splat(0.0f), a0c = splat(0.0f), a0d = splat(0.0f), a0e = splat(0.0f), a0f = splat(0.0f), a0g = splat(0.0f), a0h = splat(0.0f), a0i = splat(0.0f), a0j = splat(0.0f), a0k = splat(0.0f);
    for (; offset != end; ++offset, weight += FILTERS) {
        const __global real* from = tile + *offset;
        const factors xa = read_factors_anywhere(from + 0 * LANES);
        const factors xb = read_factors_anywhere(from + 1 * LANES);
        const factors xc = read_factors_anywhere(from + 2 * LANES);
        const factors xd = read_factors_anywhere(from + 3 * LANES);
        const factors xe = read_factors_anywhere(from + 4 * LANES);
        const factors xf = read_factors_anywhere(from + 5 * LANES);
        const factors xg = read_factors_anywhere(from + 6 * LANES);
        const factors xh = read_factors_anywhere(from + 7 * LANES);
        const factors xi = read_factors_anywhere(from + 8 * LANES);
        const factors xj = read_factors_anywhere(from + 9 * LANES);
        const factors xk = read_factors_anywhere(from + 10 * LANES);
        const factors w0 = one_weight_of(weight + 0);
        a0a = fma(w0, xa, a0a);
        a0b = fma(w0, xb, a0b);
        a0c = fma(w0, xc, a0c);
        a0d = fma(w0, xd, a0d);
        a0e = fma(w0, xe, a0e);
        a0f = fma(w0, xf, a0f);
        a0g = fma(w0, xg, a0g);
        a0h = fma(w0, xh, a0h);
        a0i = fma(w0, xi, a0i);
        a0j = fma(w0, xj, a0j);
        a0k = fma(w0, xk, a0k);
    }
    {
        const int row = rows[group * FILTERS + 0];
        if (row >= 0) {
            const vec filter_bias = broadcast(bias + group * FILTERS + 0);
            __global real* to = PLANE(out, row);
            int x = at % out.pitch;
            write_vec(to + at + 0 * LANES, keep(epilogue(a0a + filter_bias, read_vec(PLANE(residual, row) + at + 0 * LANES)), pixels_at(out, at + 0 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 1 * LANES, keep(epilogue(a0b + filter_bias, read_vec(PLANE(residual, row) + at + 1 * LANES)), pixels_at(out, at + 1 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 2 * LANES, keep(epilogue(a0c + filter_bias, read_vec(PLANE(residual, row) + at + 2 * LANES)), pixels_at(out, at + 2 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 3 * LANES, keep(epilogue(a0d + filter_bias, read_vec(PLANE(residual, row) + at + 3 * LANES)), pixels_at(out, at + 3 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 4 * LANES, keep(epilogue(a0e + filter_bias, read_vec(PLANE(residual, row) + at + 4 * LANES)), pixels_at(out, at + 4 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 5 * LANES, keep(epilogue(a0f + filter_bias, read_vec(PLANE(residual, row) + at + 5 * LANES)), pixels_at(out, at + 5 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 6 * LANES, keep(epilogue(a0g + filter_bias, read_vec(PLANE(residual, row) + at + 6 * LANES)), pixels_at(out, at + 6 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 7 * LANES, keep(epilogue(a0h + filter_bias, read_vec(PLANE(residual, row) + at + 7 * LANES)), pixels_at(out, at + 7 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 8 * LANES, keep(epilogue(a0i + filter_bias, read_vec(PLANE(residual, row) + at + 8 * LANES)), pixels_at(out, at + 8 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 9 * LANES, keep(epilogue(a0j + filter_bias, read_vec(PLANE(residual, row) + at + 9 * LANES)), pixels_at(out, at + 9 * LANES, x)));
            x = next_column(out, x);
            write_vec(to + at + 10 * LANES, keep(epilogue(a0k + filter_bias, read_vec(PLANE(residual, row) + at + 10 * LANES)), pixels_at(out, at + 10 * LANES, x)));
            x = next_column(out, x);
            if (t + 1 == tiles) clear_margins(to, out, tiles * TILE);
        }
    }
}
