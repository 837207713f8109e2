// Convolution over lists of kept positions, filters in lanes: 1 vector of weights x 8 pixels in registers.
#define PIXELS 8
#define STEP 1  // numbers from the input of one pixel to that of the next
#define STORED (1 * LANES)  // weights for one entry of a list

static inline vec epilogue(vec x) {
    x = relu(x);
    return x;
}

// The tiles of an output: `columns` in a row, the first `wide` of them as wide as the kernel, the others a pixel
// narrower; `row_step` numbers from the input of one row to that of the next.
typedef struct {
    int tiles, columns, wide, row_step, blocks;
} Grid;

// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third.
VECTOR_KERNEL void conv_lanes_opencl8_v1p8s1_ahead_relu(const __global float* weights, LISTS, VIEW(in), VIEW(out), const Grid grid) {
    const int group = get_global_id(1);
    const int t = get_global_id(0) + get_global_id(2) * get_global_size(0);
    if (t >= grid.tiles) return;
    const int y = t / grid.columns, column = t - y * grid.columns;
    const int own = column < grid.wide ? PIXELS : PIXELS - 1;
    const int x = column * PIXELS - most(column - grid.wide, 0);
    const __global real* tile = in_data + in.offset + y * grid.row_step + x * STEP;
    const __global int* bound = bounds + group * (1 + 1);
    const __global int* offset = offsets + *bound;
    const __global float* weight = weights + first_weight[group];
    vec a0a = splat(0.0f), a0b = splat(0.0f), a0c = splat(0.0f), a0d = splat(0.0f), a0e = splat(0.0f), a0f = splat(0.0f), a0g = splat(0.0f), a0h = splat(0.0f);
    // The next group's weights come from far: each item fetches its part of them.
    const int pace = (STORED + get_local_size(0) - 1) / get_local_size(0);
    {
        const __global int* end = offsets + bound[1];
        const __global float* coming = weight + (int)(end - offset) * (STORED + (int)get_local_id(0) * pace);
        for (; offset != end; ++offset, weight += STORED, coming += pace) {
            fetch(coming);
            const __global real* from = tile + *offset;
            const factors w0 = weights_of(weight + 0 * LANES);
            const factors xa = read_factor_in_all(from + 0 * STEP);
            a0a = fma(w0, xa, a0a);
            const factors xb = read_factor_in_all(from + 1 * STEP);
            a0b = fma(w0, xb, a0b);
            const factors xc = read_factor_in_all(from + 2 * STEP);
            a0c = fma(w0, xc, a0c);
            const factors xd = read_factor_in_all(from + 3 * STEP);
            a0d = fma(w0, xd, a0d);
            const factors xe = read_factor_in_all(from + 4 * STEP);
            a0e = fma(w0, xe, a0e);
            const factors xf = read_factor_in_all(from + 5 * STEP);
            a0f = fma(w0, xf, a0f);
            const factors xg = read_factor_in_all(from + 6 * STEP);
            a0g = fma(w0, xg, a0g);
            const factors xh = read_factor_in_all(from + 7 * STEP);
            a0h = fma(w0, xh, a0h);
        }
    }
    const int toa = y * ROW_STEP(out) + x * LANES;
    const int tob = toa + 1 * LANES;
    const int toc = toa + 2 * LANES;
    const int tod = toa + 3 * LANES;
    const int toe = toa + 4 * LANES;
    const int tof = toa + 5 * LANES;
    const int tog = toa + 6 * LANES;
    const int toh = toa + 7 * LANES;
    if (group * 1 + 0 < PLANES(out)) {
        const int plane = group * 1 + 0;
        const vec filters = load(bias + plane * LANES);
        __global real* to = PLANE(out, plane);
        write_vec(to + toa, epilogue(a0a + filters));
        write_vec(to + tob, epilogue(a0b + filters));
        write_vec(to + toc, epilogue(a0c + filters));
        write_vec(to + tod, epilogue(a0d + filters));
        write_vec(to + toe, epilogue(a0e + filters));
        write_vec(to + tof, epilogue(a0f + filters));
        write_vec(to + tog, epilogue(a0g + filters));
        if (own == PIXELS) write_vec(to + toh, epilogue(a0h + filters));
    }
    // Whose tile has the last pixel of a row makes zeros of what follows it.
    const int behind = least((group + 1) * 1, PLANES(out));
    for (int plane = group * 1; x + own == out.width && plane < behind; ++plane) {
        clear_row(PLANE(out, plane), out, y);
    }
}
