// Depthwise convolution, channels in lanes: 3x3, 3 pixels in registers.
#define PIXELS 3

static inline vec epilogue(vec x) {
    return x;
}

// A work item has a tile of a row of a plane. A row's tiles are as wide as the kernel, or a pixel narrower.
VECTOR_KERNEL void depthwise_lanes_opencl8_math16_k3x3_s1x1_p3(const __global float* weights, const __global float* bias, VIEW(in), VIEW(out), const int columns, const int top, const int left) {
    const int column = get_global_id(0) % columns, y = get_global_id(0) / columns, plane = get_global_id(1);
    if (y >= out.height) return;
    const int wide = out.width - columns * (PIXELS - 1);
    const int own = column < wide ? PIXELS : PIXELS - 1;
    const int x = column * PIXELS - most(column - wide, 0);
    const __global real* from = PLANE(in, plane) + (y * 1 - top) * ROW_STEP(in) + (x * 1 - left) * LANES;
    const __global float* w = weights + plane * 9 * LANES;
    const vec start = load(bias + plane * LANES);
    vec aa = start, ab = start, ac = start;
    for (int i = 0; i < 3; ++i, from += 1 * ROW_STEP(in), w += 3 * LANES) {
        const vec w0 = load(w + 0 * LANES);
        const vec w1 = load(w + 1 * LANES);
        const vec w2 = load(w + 2 * LANES);
        const vec x0 = read_vec(from + 0 * LANES);
        aa = fma(w0, x0, aa);
        const vec x1 = read_vec(from + 1 * LANES);
        aa = fma(w1, x1, aa);
        ab = fma(w0, x1, ab);
        const vec x2 = read_vec(from + 2 * LANES);
        aa = fma(w2, x2, aa);
        ab = fma(w1, x2, ab);
        ac = fma(w0, x2, ac);
        const vec x3 = read_vec(from + 3 * LANES);
        ab = fma(w2, x3, ab);
        ac = fma(w1, x3, ac);
        const vec x4 = read_vec(from + 4 * LANES);
        ac = fma(w2, x4, ac);
    }
    __global real* to = PLANE(out, plane) + y * ROW_STEP(out) + x * LANES;
    write_vec(to + 0 * LANES, epilogue(aa));
    write_vec(to + 1 * LANES, epilogue(ab));
    if (own == PIXELS) write_vec(to + 2 * LANES, epilogue(ac));
    if (x + own == out.width) clear_row(PLANE(out, plane), out, y);
}
