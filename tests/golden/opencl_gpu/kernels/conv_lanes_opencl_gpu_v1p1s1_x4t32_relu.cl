// Convolution over lists of kept positions: 4 filters x 1 pixels, 4 slices of a list side by side.
#define PIXELS 1
#define STEP 1  // numbers from the input of one pixel to that of the next
#define STORED (1 * LANES)  // weights for one entry of a list
#define SLICES 4
#define PAIRS 1  // of planes and pixels, an item's
#define OUT out_data, out

static inline vec epilogue(vec x) {
    x = relu(x);
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
VECTOR_KERNEL __attribute__((reqd_work_group_size(128, 1, 1))) void conv_lanes_opencl_gpu_v1p1s1_x4t32_relu(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int row_step) {
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
    vec a0a = splat(0.0f);
#pragma unroll 4
    for (int k = at_first; k < behind; ++k, weight += STORED) {
        const int at = offsets[begin + k];
        const factor ina = read_factor(froma + at);
        const factors w0 = weights_of(weight + 0 * LANES);
        a0a = fma(w0, (factors)(ina), a0a);
    }
    // Every slice leaves its sums; each then adds up some of all slices' for a plane and a pixel.
    __local vec* own = waiting + slice * PAIRS * items + item;
    own[0 * items] = a0a;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int pair = slice; pair < PAIRS; pair += SLICES) {
        vec sum = waiting[pair * items + item];
        for (int i = 1; i < SLICES; ++i) sum += waiting[(i * PAIRS + pair) * items + item];
        const int plane = group * 1 + pair / PIXELS, n = first + pair % PIXELS * items;
        const int y = n / out.width, x = n - y * out.width;
        if (plane < PLANES(out) && n <= last) put(sum + load(bias + plane * LANES), plane, y, x, OUT);
    }
}
