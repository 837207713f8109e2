// Convolution over lists of kept positions, filters in lanes: 2 vectors of weights x 4 pixels in registers.
#define PIXELS 4
#define STEP 16  // numbers from the input of one pixel to that of the next
#define STORED (2 * LANES)  // weights for one entry of a list

static inline vec epilogue(vec x) {
    return x;
}

// The tiles of an output: `columns` in a row, the first `wide` of them as wide as the kernel, the others a pixel
// narrower; `row_step` numbers from the input of one row to that of the next.
typedef struct {
    int tiles, columns, wide, row_step, blocks;
} Grid;

// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third.
VECTOR_KERNEL void conv_lanes_opencl8_v2p4s16_ahead(const __global float* weights, LISTS, VIEW(in), VIEW(out), const Grid grid) {
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
    vec a0a = splat(0.0f), a0b = splat(0.0f), a0c = splat(0.0f), a0d = splat(0.0f);
    vec a1a = splat(0.0f), a1b = splat(0.0f), a1c = splat(0.0f), a1d = splat(0.0f);
    // The next group's weights come from far: each item fetches its part of them.
    const int pace = (STORED + get_local_size(0) - 1) / get_local_size(0);
    {
        const __global int* end = offsets + bound[1];
        const __global float* coming = weight + (int)(end - offset) * (STORED + (int)get_local_id(0) * pace);
        for (; offset != end; ++offset, weight += STORED, coming += pace) {
            fetch(coming);
            const __global real* from = tile + *offset;
            const factors w0 = weights_of(weight + 0 * LANES);
            const factors w1 = weights_of(weight + 1 * LANES);
            const factors xa = read_factor_in_all(from + 0 * STEP);
            a0a = fma(w0, xa, a0a);
            a1a = fma(w1, xa, a1a);
            const factors xb = read_factor_in_all(from + 1 * STEP);
            a0b = fma(w0, xb, a0b);
            a1b = fma(w1, xb, a1b);
            const factors xc = read_factor_in_all(from + 2 * STEP);
            a0c = fma(w0, xc, a0c);
            a1c = fma(w1, xc, a1c);
            const factors xd = read_factor_in_all(from + 3 * STEP);
            a0d = fma(w0, xd, a0d);
            a1d = fma(w1, xd, a1d);
        }
    }
    const int toa = y * ROW_STEP(out) + x * LANES;
    const int tob = toa + 1 * LANES;
    const int toc = toa + 2 * LANES;
    const int tod = toa + 3 * LANES;
    if (group * 2 + 0 < PLANES(out)) {
        const int plane = group * 2 + 0;
        const vec filters = load(bias + plane * LANES);
        __global real* to = PLANE(out, plane);
        write_vec(to + toa, epilogue(a0a + filters));
        write_vec(to + tob, epilogue(a0b + filters));
        write_vec(to + toc, epilogue(a0c + filters));
        if (own == PIXELS) write_vec(to + tod, epilogue(a0d + filters));
    }
    if (group * 2 + 1 < PLANES(out)) {
        const int plane = group * 2 + 1;
        const vec filters = load(bias + plane * LANES);
        __global real* to = PLANE(out, plane);
        write_vec(to + toa, epilogue(a1a + filters));
        write_vec(to + tob, epilogue(a1b + filters));
        write_vec(to + toc, epilogue(a1c + filters));
        if (own == PIXELS) write_vec(to + tod, epilogue(a1d + filters));
    }
    // Whose tile has the last pixel of a row makes zeros of what follows it.
    const int behind = least((group + 1) * 2, PLANES(out));
    for (int plane = group * 2; x + own == out.width && plane < behind; ++plane) {
        clear_row(PLANE(out, plane), out, y);
    }
}
