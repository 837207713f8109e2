// Convolution over lists of kept positions: 4 filters x 1 pixels, 4 slices of a list side by side.
#define PIXELS 1
#define STEP 8  // numbers from the input of one pixel to that of the next
#define STORED (4 * LANES)  // weights for one entry of a list
#define SLICES 4
#define PAIRS 1  // of planes and pixels, an item's
#define OUT out_data, out

static inline vec epilogue(vec x) {
    return x;
}

// A pixel of a plane. Whose pixel is the last of a row makes zeros of what follows it.
static inline void put(vec sum, int plane, int y, int x, VIEW(out)) {
    __global real* to = PLANE(out, plane);
    write_vec(to + y * ROW_STEP(out) + x * LANES, epilogue(sum));
    if (x + 1 == out.width) clear_row(to, out, y);
}

// A work group has neighbouring pixels of a group of filters, and shares the list. Each pixel of an item is the
// neighbour of the next item's, so that they are read together.
VECTOR_KERNEL __attribute__((reqd_work_group_size(128, 1, 1))) void conv_lanes_opencl_gpu_v4d4p1s8_x4t32(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int row_step) {
    const int group = get_global_id(1), items = get_local_size(0) / SLICES;
    const int slice = get_local_id(0) / items, item = get_local_id(0) % items;
    __local vec waiting[SLICES * PAIRS * 32];
    const int tile = get_group_id(0) + get_group_id(2) * get_num_groups(0);
    const int first = tile * items * PIXELS + item, last = out.height * out.width - 1;
    const int na = least(first + 0 * items, last), ya = na / out.width, xa = na - ya * out.width;
    const __global real* froma = in_data + in.offset + ya * row_step + xa * STEP;
    const int begin = bounds[2 * group], count = bounds[2 * group + 1] - begin;
    const int at_first = count * slice / SLICES, behind = count * (slice + 1) / SLICES;
    const __global float* weight = weights + (first_weight[group] + at_first * STORED);
    float a0a = 0.0f;
    float a1a = 0.0f;
    float a2a = 0.0f;
    float a3a = 0.0f;
#pragma unroll 4
    for (int k = at_first; k < behind; ++k, weight += STORED) {
        const int at = offsets[begin + k];
        const factors ina = read_factors(froma + at);
        const factors w0 = weights_of(weight + 0 * LANES);
        const factors w1 = weights_of(weight + 1 * LANES);
        const factors w2 = weights_of(weight + 2 * LANES);
        const factors w3 = weights_of(weight + 3 * LANES);
        a0a = fma(w0.s0, ina.s0, a0a);
        a1a = fma(w1.s0, ina.s0, a1a);
        a2a = fma(w2.s0, ina.s0, a2a);
        a3a = fma(w3.s0, ina.s0, a3a);
        a0a = fma(w0.s1, ina.s1, a0a);
        a1a = fma(w1.s1, ina.s1, a1a);
        a2a = fma(w2.s1, ina.s1, a2a);
        a3a = fma(w3.s1, ina.s1, a3a);
        a0a = fma(w0.s2, ina.s2, a0a);
        a1a = fma(w1.s2, ina.s2, a1a);
        a2a = fma(w2.s2, ina.s2, a2a);
        a3a = fma(w3.s2, ina.s2, a3a);
        a0a = fma(w0.s3, ina.s3, a0a);
        a1a = fma(w1.s3, ina.s3, a1a);
        a2a = fma(w2.s3, ina.s3, a2a);
        a3a = fma(w3.s3, ina.s3, a3a);
    }
    // Every slice leaves its sums; each then adds up some of all slices' for a plane and a pixel.
    __local vec* own = waiting + slice * PAIRS * items + item;
    own[0 * items] = (vec)(a0a, a1a, a2a, a3a);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int pair = slice; pair < PAIRS; pair += SLICES) {
        vec sum = waiting[pair * items + item];
        for (int i = 1; i < SLICES; ++i) sum += waiting[(i * PAIRS + pair) * items + item];
        const int plane = group * 1 + pair / PIXELS, n = first + pair % PIXELS * items;
        const int y = n / out.width, x = n - y * out.width;
        if (plane < PLANES(out) && n <= last) put(sum + load(bias + plane * LANES), plane, y, x, OUT);
    }
}
