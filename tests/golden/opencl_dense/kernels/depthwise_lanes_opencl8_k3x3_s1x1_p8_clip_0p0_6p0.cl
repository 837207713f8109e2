// Depthwise convolution, channels in lanes: 3x3, 8 pixels in registers.
#define PIXELS 8

static inline vec epilogue(vec x) {
    x = clip(x, 0.0f, 6.0f);
    return x;
}

// A work item has a tile of a row of a plane. A row's tiles are as wide as the kernel, or a pixel narrower.
VECTOR_KERNEL void depthwise_lanes_opencl8_k3x3_s1x1_p8_clip_0p0_6p0(const __global float* weights, const __global float* bias, VIEW(in), VIEW(out), const int columns, const int top, const int left) {
    const int column = get_global_id(0) % columns, y = get_global_id(0) / columns, plane = get_global_id(1);
    if (y >= out.height) return;
    const int wide = out.width - columns * (PIXELS - 1);
    const int own = column < wide ? PIXELS : PIXELS - 1;
    const int x = column * PIXELS - most(column - wide, 0);
    const __global real* from = PLANE(in, plane) + (y * 1 - top) * ROW_STEP(in) + (x * 1 - left) * LANES;
    const __global float* w = weights + plane * 9 * LANES;
    const vec start = load(bias + plane * LANES);
    vec aa = start, ab = start, ac = start, ad = start, ae = start, af = start, ag = start, ah = start;
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
        ad = fma(w0, x3, ad);
        const vec x4 = read_vec(from + 4 * LANES);
        ac = fma(w2, x4, ac);
        ad = fma(w1, x4, ad);
        ae = fma(w0, x4, ae);
        const vec x5 = read_vec(from + 5 * LANES);
        ad = fma(w2, x5, ad);
        ae = fma(w1, x5, ae);
        af = fma(w0, x5, af);
        const vec x6 = read_vec(from + 6 * LANES);
        ae = fma(w2, x6, ae);
        af = fma(w1, x6, af);
        ag = fma(w0, x6, ag);
        const vec x7 = read_vec(from + 7 * LANES);
        af = fma(w2, x7, af);
        ag = fma(w1, x7, ag);
        ah = fma(w0, x7, ah);
        const vec x8 = read_vec(from + 8 * LANES);
        ag = fma(w2, x8, ag);
        ah = fma(w1, x8, ah);
        const vec x9 = read_vec(from + 9 * LANES);
        ah = fma(w2, x9, ah);
    }
    __global real* to = PLANE(out, plane) + y * ROW_STEP(out) + x * LANES;
    write_vec(to + 0 * LANES, epilogue(aa));
    write_vec(to + 1 * LANES, epilogue(ab));
    write_vec(to + 2 * LANES, epilogue(ac));
    write_vec(to + 3 * LANES, epilogue(ad));
    write_vec(to + 4 * LANES, epilogue(ae));
    write_vec(to + 5 * LANES, epilogue(af));
    write_vec(to + 6 * LANES, epilogue(ag));
    if (own == PIXELS) write_vec(to + 7 * LANES, epilogue(ah));
    if (x + own == out.width) clear_row(PLANE(out, plane), out, y);
}
