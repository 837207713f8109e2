// Convolution over lists of kept positions, filters in lanes: 1 vector of weights x 3 pixels in registers.
#define PIXELS 3
#define STEP 3  // numbers from the input of one pixel to that of the next
#define STORED (1 * LANES)  // weights for one entry of a list

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
VECTOR_KERNEL void conv_lanes_opencl8_math16_v1p3s3(const __global float* weights, LISTS, VIEW(in), VIEW(out), const Grid grid) {
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
    vec a0a = splat(0.0f), a0b = splat(0.0f), a0c = splat(0.0f);
    {
        const __global int* end = offsets + bound[1];
        while (offset != end) {
            const __global int* until = offset + least((int)(end - offset), RUN);
            factors h0a = (factors)(0.0f), h0b = (factors)(0.0f), h0c = (factors)(0.0f);
            for (; offset != until; ++offset, weight += STORED) {
                const __global real* from = tile + *offset;
                const factors w0 = weights_of(weight + 0 * LANES);
                const factors xa = read_factor_in_all(from + 0 * STEP);
                h0a = fma(w0, xa, h0a);
                const factors xb = read_factor_in_all(from + 1 * STEP);
                h0b = fma(w0, xb, h0b);
                const factors xc = read_factor_in_all(from + 2 * STEP);
                h0c = fma(w0, xc, h0c);
            }
            a0a += widened(h0a);
            a0b += widened(h0b);
            a0c += widened(h0c);
        }
    }
    const int toa = y * ROW_STEP(out) + x * LANES;
    const int tob = toa + 1 * LANES;
    const int toc = toa + 2 * LANES;
    if (group * 1 + 0 < PLANES(out)) {
        const int plane = group * 1 + 0;
        const vec filters = load(bias + plane * LANES);
        __global real* to = PLANE(out, plane);
        write_vec(to + toa, epilogue(a0a + filters));
        write_vec(to + tob, epilogue(a0b + filters));
        if (own == PIXELS) write_vec(to + toc, epilogue(a0c + filters));
    }
    // Whose tile has the last pixel of a row makes zeros of what follows it.
    const int behind = least((group + 1) * 1, PLANES(out));
    for (int plane = group * 1; x + own == out.width && plane < behind; ++plane) {
        clear_row(PLANE(out, plane), out, y);
    }
}
