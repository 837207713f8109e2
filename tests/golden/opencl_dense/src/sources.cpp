// The kernels of net, as the device's compiler gets them: each text behind the prelude, by itself.
#include "npas/sources.h"

namespace npas_net {

namespace {

// kernels/conv_lanes_opencl8_v1p8s1_ahead_relu.cl
constexpr char kText0[] = R"opencl(// Convolution over lists of kept positions, filters in lanes: 1 vector of weights x 8 pixels in registers.
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
)opencl";

// kernels/conv_lanes_opencl8_v2p4s16_ahead.cl
constexpr char kText1[] = R"opencl(// Convolution over lists of kept positions, filters in lanes: 2 vectors of weights x 4 pixels in registers.
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
)opencl";

// kernels/copy_plain.cl
constexpr char kText2[] = R"opencl(// Between plain arrays of as many elements. A work item has a vector.
__kernel void copy_plain(VIEW(in), VIEW(out), const int elements) {
    const int first = get_global_id(0) * LANES;
    if (first >= elements) return;
    const __global real* from = in_data + in.offset + first;
    __global real* to = out_data + out.offset + first;
    if (first + LANES <= elements) {
        write_vec_anywhere(to, read_vec_anywhere(from));
    } else {
        for (int i = 0; first + i < elements; ++i) write(to + i, read(from + i));
    }
}
)opencl";

// kernels/copy_rows.cl
constexpr char kText3[] = R"opencl(// Between two layouts of the same channels in a pixel: what is no pixel of the target becomes zero. A work item has a
// vector of a row of a plane.
__kernel void copy_rows(VIEW(in), VIEW(out)) {
    const int x = get_global_id(0) * LANES, y = get_global_id(1), plane = get_global_id(2);
    const int length = out.width * out.block;
    if (x >= length) return;
    const __global real* from = PLANE(in, plane) + y * ROW_STEP(in) + x;
    __global real* to = PLANE(out, plane) + y * ROW_STEP(out) + x;
    if (x + LANES <= length) {
        write_vec_anywhere(to, read_vec_anywhere(from));
    } else {
        for (int i = 0; x + i < length; ++i) write(to + i, read(from + i));
    }
    if (x + LANES >= length) clear_row(PLANE(out, plane), out, y);
}
)opencl";

// kernels/depthwise_lanes_opencl8_k3x3_s1x1_p8_clip_0p0_6p0.cl
constexpr char kText4[] = R"opencl(// Depthwise convolution, channels in lanes: 3x3, 8 pixels in registers.
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
)opencl";

// kernels/global_average_pool.cl
constexpr char kText5[] = R"opencl(// [C, H, W] -> [C]. A work group has a plane; of its items each adds up a part of the pixels, and the first those sums.
#define MOST_ITEMS 64  // WARPS in launches.py

__kernel void global_average_pool(VIEW(in), VIEW(out)) {
    const int plane = get_group_id(0), item = get_local_id(0), items = get_local_size(0);
    const int there = plane < PLANES(in);  // where a device's groups are smaller, there are more of them
    const int pixels = in.height * in.width, end = there ? pixels : 0;
    __local vec waiting[MOST_ITEMS];
    vec sum = splat(0.0f);
    for (int i = item; i < end; i += items) {
        const __global real* pixel = PLANE(in, plane) + i / in.width * ROW_STEP(in) + i % in.width * in.block;
        if (in.block == 1) {
            sum.s0 += read(pixel);
        } else {
            sum += read_vec(pixel);
        }
    }
    waiting[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item > 0 || !there) return;
    for (int i = 1; i < items; ++i) sum += waiting[i];
    const vec mean = sum / splat((float)pixels);
    if (in.block == 1) {
        write(out_data + out.offset + plane, mean.s0);
    } else {
        put_pixel(out_data, out, in.block, plane, 0, 0, in.channels, mean);
    }
}
)opencl";

// kernels/linear_indexed_opencl8_r8.cl
constexpr char kText6[] = R"opencl(// Fully connected layer over lists of kept columns, 1 vector of filters at a time.
static inline vec epilogue(vec x) {
    return x;
}

#define STORED (1 * LANES)  // weights of a group for one column

// A work item has a group of filters, which lie side by side in lanes.
VECTOR_KERNEL void linear_indexed_opencl8_r8(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int groups) {
    const int group = get_global_id(0);
    if (group >= groups) return;
    const __global real* x = in_data + in.offset;
    const __global float* weight = weights + first_weight[group];
    const int end = bounds[2 * group + 1];
    int k = bounds[2 * group];
    vec sum0a = splat(0.0f), sum0b = splat(0.0f), sum0c = splat(0.0f), sum0d = splat(0.0f);
    for (; k + 4 <= end; k += 4, weight += 4 * STORED) {
        const vec xa = read_in_all(x + offsets[k + 0]);
        sum0a = fma(load(weight + 0 * LANES), xa, sum0a);
        const vec xb = read_in_all(x + offsets[k + 1]);
        sum0b = fma(load(weight + 1 * LANES), xb, sum0b);
        const vec xc = read_in_all(x + offsets[k + 2]);
        sum0c = fma(load(weight + 2 * LANES), xc, sum0c);
        const vec xd = read_in_all(x + offsets[k + 3]);
        sum0d = fma(load(weight + 3 * LANES), xd, sum0d);
    }
    for (; k < end; ++k, weight += STORED) {
        const vec xa = read_in_all(x + offsets[k]);
        sum0a = fma(load(weight + 0 * LANES), xa, sum0a);
    }
    sum0a += sum0c;
    sum0b += sum0d;
    sum0a += sum0b;
    const int at0 = group * STORED + 0 * LANES;
    write_vec(out_data + out.offset + at0, epilogue(sum0a + load(bias + at0)));
}
)opencl";

// kernels/winograd_lanes_opencl8_m4r3v1p3_add_relu.cl
constexpr char kText7[] = R"opencl(// Convolution by Winograd's method, tiles of 4x4 from 6x6 pixels, filters in lanes: 1 vector of weights x 3 tiles in registers.
// See winograd.h. A few tiles at a time: transformed, multiplied at each of their positions by itself, transformed back.
#define SIDE 6
#define M 4
#define TILES 3
#define STORED (1 * LANES)  // filters in a group
#define WORK ((__global float*)(work_data + work.offset))  // floats, whatever values are stored as

// The tiles at hand, and where they lie in `work`: `room` in a plane of V, so many floats from one position to the next,
// the sums behind the last.
typedef struct {
    int first, count, columns;
    int room, in_step, out_step;
} Tiles;

// What tiles read: every stride-th pixel, with padding around them; rows and columns with what follows them.
typedef struct {
    int stride, top, left, height, width;
} Image;

static inline vec epilogue(vec x, vec residual) {
    x = x + residual;
    x = relu(x);
    return x;
}

// One dimension of B^T d.
static inline void transform(const vec d[SIDE], vec t[SIDE]) {
    const vec a = d[4] - 4.0f * d[2], b = d[3] - 4.0f * d[1];
    const vec c = d[4] - d[2], e = 2.0f * (d[3] - d[1]);
    t[0] = 4.0f * d[0] + (d[4] - 5.0f * d[2]);
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = 4.0f * d[1] + (d[5] - 5.0f * d[3]);
}

// One dimension of A^T m: row k has the k-th powers of the points, which come in pairs p, -p.
static inline void transform_back(const vec t[SIDE], vec y[M]) {
    const vec s0 = t[1] + t[2], d0 = t[1] - t[2];
    const vec s1 = t[3] + t[4], d1 = t[3] - t[4];
    y[0] = s0 + s1 + t[0];
    y[1] = d0 + 2.0f * d1;
    y[2] = s0 + 4.0f * s1;
    y[3] = d0 + 8.0f * d1 + t[5];
}

// V of a tile in one of its planes, which is a phase of a plane of the input. A work item has both.
VECTOR_KERNEL void winograd_lanes_opencl8_m4r3v1p3_add_relu_in(VIEW(in), VIEW(work), const Image image, const Tiles tiles) {
    const int n = get_global_id(0), plane = get_global_id(1);
    if (n >= tiles.count) return;
    const int row = (tiles.first + n) / tiles.columns, column = (tiles.first + n) - row * tiles.columns;
    const int phase = plane / PLANES(in);
    const int y = row * M * image.stride - image.top + phase / image.stride, x = column * M * image.stride - image.left + phase % image.stride;
    const __global real* from = PLANE(in, plane % PLANES(in)) + y * ROW_STEP(in) + x * LANES;
    // Beyond the margins lie other values' floats; where a tile reaches there, it takes zeros.
    const int rows = image.height - y, columns = image.width - x;
    const int inside = rows > (SIDE - 1) * image.stride && columns > (SIDE - 1) * image.stride;
    const int right = image.stride * LANES, down = image.stride * ROW_STEP(in);
    vec lines[SIDE][SIDE];  // [column][row]
    #pragma unroll
    for (int j = 0; j < SIDE; ++j) {
        vec d[SIDE];
        #pragma unroll
        for (int i = 0; i < SIDE; ++i) {
            const int there = inside || (i * image.stride < rows && j * image.stride < columns);
            d[i] = there ? read_vec(from + i * down + j * right) : splat(0.0f);
        }
        transform(d, lines[j]);
    }
    __global float* to = WORK + (plane * tiles.room + n) * LANES;
    #pragma unroll
    for (int i = 0; i < SIDE; ++i) {
        vec d[SIDE], t[SIDE];
        #pragma unroll
        for (int j = 0; j < SIDE; ++j) d[j] = lines[j][i];
        transform(d, t);
        #pragma unroll
        for (int j = 0; j < SIDE; ++j) store(to + (i * SIDE + j) * tiles.in_step, t[j]);
    }
}

// A work item has a few tiles at a position, for a group of filters; a work group shares the weights.
VECTOR_KERNEL void winograd_lanes_opencl8_m4r3v1p3_add_relu(const __global float* weights, const __global int* offsets, VIEW(work), const int terms, const int planes, const Tiles tiles) {
    const int group = get_global_id(1), position = get_global_id(2);
    const int first = get_global_id(0) * TILES;
    if (first >= tiles.count) return;
    const __global float* in = WORK + position * tiles.in_step + first * LANES;
    const __global float* weight = weights + (position * get_global_size(1) + group) * (terms * STORED);
    vec a0a = splat(0.0f), a0b = splat(0.0f), a0c = splat(0.0f);
    // The next unit's weights come from far: each item of the work group fetches its part of them.
    const int pace = (STORED + get_local_size(0) - 1) / get_local_size(0);
    const __global float* coming = weight + terms * (STORED + (int)get_local_id(0) * pace);
    for (int i = 0; i < terms; ++i, weight += STORED, coming += pace) {
        fetch(coming);
        const __global float* from = in + offsets[i];
        const vec w0 = load(weight + 0 * LANES);
        const vec xa = broadcast(from + 0 * LANES);
        a0a = fma(w0, xa, a0a);
        const vec xb = broadcast(from + 1 * LANES);
        a0b = fma(w0, xb, a0b);
        const vec xc = broadcast(from + 2 * LANES);
        a0c = fma(w0, xc, a0c);
    }
    // Behind the last tile lies what nobody keeps.
    const int own = least(tiles.count - first, TILES);
    __global float* to = WORK + SIDE * SIDE * tiles.in_step + position * tiles.out_step + first * LANES;
    if (group * 1 + 0 < planes) {
        __global float* plane = to + (group * 1 + 0) * tiles.room * LANES;
        store(plane + 0 * LANES, a0a);
        if (own > 1) store(plane + 1 * LANES, a0b);
        if (own > 2) store(plane + 2 * LANES, a0c);
    }
}

// Y of a tile in a plane of the output. A work item has both.
VECTOR_KERNEL void winograd_lanes_opencl8_m4r3v1p3_add_relu_out(const __global float* bias, VIEW(work), VIEW(out), VIEW(residual), const Tiles tiles) {
    const int n = get_global_id(0), plane = get_global_id(1);
    if (n >= tiles.count) return;
    const int row = (tiles.first + n) / tiles.columns, column = (tiles.first + n) - row * tiles.columns;
    const int y = row * M, x = column * M;
    const __global float* from = WORK + SIDE * SIDE * tiles.in_step + (plane * tiles.room + n) * LANES;
    vec lines[SIDE][M];  // [column][row]
    #pragma unroll
    for (int j = 0; j < SIDE; ++j) {
        vec t[SIDE];
        #pragma unroll
        for (int i = 0; i < SIDE; ++i) t[i] = load(from + (i * SIDE + j) * tiles.out_step);
        transform_back(t, lines[j]);
    }
    const vec filters = load(bias + plane * LANES);
    const int own_rows = least(out.height - y, M), own_columns = least(out.width - x, M);
    __global real* to = PLANE(out, plane) + y * ROW_STEP(out) + x * LANES;
    const __global real* other = PLANE(residual, plane) + y * ROW_STEP(residual) + x * LANES;
    #pragma unroll
    for (int i = 0; i < M; ++i) {
        if (i >= own_rows) break;
        vec t[SIDE], sums[M];
        #pragma unroll
        for (int j = 0; j < SIDE; ++j) t[j] = lines[j][i];
        transform_back(t, sums);
        #pragma unroll
        for (int j = 0; j < M; ++j) {
            if (j < own_columns) write_vec(to + j * LANES, epilogue(sums[j] + filters, read_vec(other + j * LANES)));
        }
        to += ROW_STEP(out);
        other += ROW_STEP(residual);
        if (x + M >= out.width) clear_row(PLANE(out, plane), out, y + i);
    }
}
)opencl";

constexpr Source kSources[] = {
    {"conv_lanes_opencl8_v1p8s1_ahead_relu", kText0},
    {"conv_lanes_opencl8_v2p4s16_ahead", kText1},
    {"copy_plain", kText2},
    {"copy_rows", kText3},
    {"depthwise_lanes_opencl8_k3x3_s1x1_p8_clip_0p0_6p0", kText4},
    {"global_average_pool", kText5},
    {"linear_indexed_opencl8_r8", kText6},
    {"winograd_lanes_opencl8_m4r3v1p3_add_relu", kText7},
    {"winograd_lanes_opencl8_m4r3v1p3_add_relu_in", kText7},
    {"winograd_lanes_opencl8_m4r3v1p3_add_relu_out", kText7},
};

// kernels/npas.clh
constexpr char kPrelude[] = R"opencl(#define LANES 8
// What every kernel of this tree begins with. Defined before: LANES, the numbers in a vector; HALF_VALUES, where values
// are stored in 16 bits; HALF_PRODUCTS, where convolutions multiply so too.
#pragma OPENCL FP_CONTRACT ON
#ifdef HALF_PRODUCTS
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

typedef JOIN(float, LANES) vec;
typedef JOIN(int, LANES) ivec;

#ifndef __has_attribute
#define __has_attribute(name) 0
#endif

// A kernel that wants vectors as they are written: some compilers take them for a pair where nothing says so.
#if __has_attribute(min_vector_width)
#define VECTOR_KERNEL __kernel __attribute__((min_vector_width(LANES * 32)))
#else
#define VECTOR_KERNEL __kernel
#endif

// Asks a processor for memory that is read soon.
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define fetch(p) __builtin_prefetch((const void*)(size_t)(p))
#else
#define fetch(p)
#endif

// Vectors in global memory: those that begin where a vector may, and those that begin anywhere. What Clang makes of a
// reference is an instruction, where a library's vload may be a call.
#define load(p) (*(const __global vec*)(p))
#define store(p, v) (*(__global vec*)(p) = (v))
#ifdef __clang__
typedef vec loose __attribute__((aligned(4)));
typedef float2 loose2 __attribute__((aligned(4)));
typedef float4 loose4 __attribute__((aligned(4)));
typedef int4 loose_int4 __attribute__((aligned(4)));
#define load_anywhere(p) (*(const __global loose*)(p))
#define store_anywhere(p, v) (*(__global loose*)(p) = (v))
#define load2(p) (*(const __global loose2*)(p))
#define load4(p) (*(const __global loose4*)(p))
#define load_int4(p) (*(const __global loose_int4*)(p))
#else
#define load_anywhere(p) JOIN(vload, LANES)(0, p)
#define store_anywhere(p, v) JOIN(vstore, LANES)(v, 0, p)
#define load2(p) vload2(0, p)
#define load4(p) vload4(0, p)
#define load_int4(p) vload4(0, p)
#endif
#define as_vec JOIN(as_float, LANES)
#define as_ivec JOIN(as_int, LANES)
#define splat(x) ((vec)(x))
#undef fma
// Contraction makes it one instruction where the device has it, where OpenCL's own fma may be a function call.
#define fma(a, b, c) ((a) * (b) + (c))
#define broadcast(p) splat(*(p))
// The value where the mask's bits are set, +0 elsewhere (also where the value is NaN or infinite).
#define keep(v, mask) as_vec(as_ivec(v) & (mask))
// a + b, of which neighbouring lanes are swapped.
#define plus_swapped(a, b) ((a) + swapped(b))
// The sums of neighbouring lanes: those of a, then those of b. Each is made twice: of (a.even + a.odd) some compilers make
// instructions that reach half of a processor's registers only.
#define pairs(a, b) evens(both(a), both(b))
#define both(v) ((v) + swapped(v))
#define evens(a, b) ((vec)((a).even, (b).even))

// One number for each lane, from where the lanes of `at` say; a pair of numbers in all pairs of lanes.
#if LANES == 4
#define gather(p, at) ((vec)(gather4(p, at)))
#define swapped(v) ((v).s1032)
#define LANE_NUMBERS (ivec)(0, 1, 2, 3)
#define in_pairs(pair) (pair, pair)
#elif LANES == 8
#define gather(p, at) ((vec)(gather4(p, (at).lo), gather4(p, (at).hi)))
#define swapped(v) ((v).s10325476)
#define LANE_NUMBERS (ivec)(0, 1, 2, 3, 4, 5, 6, 7)
#define in_pairs(pair) (pair, pair, pair, pair)
#else
#define gather8(p, at) gather4(p, (at).lo), gather4(p, (at).hi)
#define gather(p, at) ((vec)(gather8(p, (at).lo), gather8(p, (at).hi)))
#define swapped(v) ((v).s1032547698badcfe)
#define LANE_NUMBERS (ivec)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define in_pairs(pair) (pair, pair, pair, pair, pair, pair, pair, pair)
#endif
#define gather4(p, at) read((p) + (at).s0), read((p) + (at).s1), read((p) + (at).s2), read((p) + (at).s3)

// How a value lies in a buffer: see tensor.h. `offset` is that of the first pixel, in numbers.
typedef struct {
    int channels, height, width;
    int pitch, origin, plane;
    int block;
    int offset;
} Layout;

// Half precision, on processors, where a library's conversion is a call: by instructions that do eight at a time.
#if defined(__F16C__) && LANES >= 8
typedef short packed_halves __attribute__((ext_vector_type(8)));
typedef packed_halves loose_halves __attribute__((aligned(2)));
typedef int loose_int __attribute__((aligned(2)));
#define widen_8(v) __builtin_ia32_vcvtph2ps256(v)
#define narrow_8(v) __builtin_ia32_vcvtps2ph256(v, 0)
#define load_8_halves(p) widen_8(*(const __global loose_halves*)(p))
#define store_8_halves(p, v) (*(__global loose_halves*)(p) = narrow_8(v))
#if LANES == 8
#define load_halves(p) load_8_halves(p)
#define in_lanes(x) (x)
#else
#define load_halves(p) ((vec)(load_8_halves(p), load_8_halves((p) + 8)))
#define in_lanes(x) ((vec)(x, x))
#endif
static inline void store_halves(__global half* p, vec v) {
#if LANES == 8
    store_8_halves(p, v);
#else
    store_8_halves(p, v.lo);
    store_8_halves(p + 8, v.hi);
#endif
}
#define load_half(p) (widen_8((packed_halves)(*(const __global short*)(p)))[0])
#define store_half(p, x) (*(__global short*)(p) = narrow_8((float8)(x))[0])
#define load_half_in_all(p) in_lanes(widen_8((packed_halves)(*(const __global short*)(p))))
#define load_pair_in_all(p) in_lanes(widen_8(__builtin_astype((int4)(*(const __global loose_int*)(p)), packed_halves)))
#elif defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
// Shifted into place, a number is too small by 2^112. A subnormal one is its bits times 2^-24, since a device may take
// subnormal floats for zeros. No weight is infinite or NaN.
static inline vec load_halves(const __global half* p) {
    const ivec bits = __builtin_convertvector(*(const __global JOIN(ushort, LANES)*)p, ivec), size = bits & 0x7fff;
    const vec normal = as_vec(size << 13) * splat(0x1p112f);
    const vec tiny = __builtin_convertvector(size, vec) * splat(0x1p-24f);
    return as_vec(as_ivec(size < 0x400 ? tiny : normal) | ((bits & 0x8000) << 16));
}
#else
#define load_halves(p) JOIN(vloada_half, LANES)(0, p)
#endif

// A number of a value, `read` as a float and rounded to what is stored; vectors that begin where one may, or anywhere.
#ifdef HALF_VALUES
#define real half
#ifdef load_half_in_all
#define read(p) load_half(p)
#define write(p, x) store_half(p, x)
#define read_in_all(p) load_half_in_all(p)
#define read_pair_in_all(p) load_pair_in_all(p)
#define read_vec(p) load_halves(p)
#define write_vec(p, v) store_halves(p, v)
#define read_vec_anywhere(p) load_halves(p)
#define write_vec_anywhere(p, v) store_halves(p, v)
#else
#define read(p) vload_half(0, p)
#define write(p, x) vstore_half_rte(x, 0, p)
#define read_in_all(p) splat(read(p))
#define read_pair_in_all(p) ((vec)in_pairs(vload_half2(0, p)))
#define read_vec(p) JOIN(vloada_half, LANES)(0, p)
#define write_vec(p, v) JOIN(JOIN(vstorea_half, LANES), _rte)(v, 0, p)
#define read_vec_anywhere(p) JOIN(vload_half, LANES)(0, p)
#define write_vec_anywhere(p, v) JOIN(JOIN(vstore_half, LANES), _rte)(v, 0, p)
#endif
#else
#define real float
#define read(p) (*(p))
#define write(p, x) (*(p) = (x))
#define read_in_all(p) broadcast(p)
#define read_pair_in_all(p) ((vec)in_pairs(load2(p)))
#define read_vec(p) load(p)
#define write_vec(p, v) store(p, v)
#define read_vec_anywhere(p) load_anywhere(p)
#define write_vec_anywhere(p, v) store_anywhere(p, v)
#endif

// What convolutions multiply: weights, stored as floats or halves, and numbers of a value; `one` is in all lanes.
#ifdef HALF_PRODUCTS
#define factor half
#define factors JOIN(half, LANES)
#define RUN 8  // products whose sum is a half: the rounding of such sums grows with the root of it
#define narrowed(v) JOIN(convert_half, LANES)(v)
#define widened(v) JOIN(convert_float, LANES)(v)
#define sum_of_four(v) (((float)(v).s0 + (float)(v).s1) + ((float)(v).s2 + (float)(v).s3))
#define weights_of(p) narrowed(load(p))
#define weights_of_halves(p) (*(const __global factors*)(p))
#define one_weight_of(p) ((factors)((half)*(p)))
#define one_weight_of_halves(p) ((factors)(*(p)))
#define read_factors(p) (*(const __global factors*)(p))
#define read_factors_anywhere(p) JOIN(vload, LANES)(0, p)
#define read_factor(p) (*(p))
#define read_factor_in_all(p) ((factors)(*(p)))
#define read_factors_in_pairs(p) ((factors)in_pairs(vload2(0, p)))
#define weights_at(image, i) narrowed(texels(vec, read_imagef, image, i))
#define weights_at_halves(image, i) texels(factors, read_imageh, image, i)
#else
#define factor float
#define factors vec
#define weights_of(p) load(p)
#define weights_of_halves(p) load_halves(p)
#define one_weight_of(p) splat(*(p))
#define one_weight_of_halves(p) splat(vload_half(0, p))
#define read_factors(p) read_vec(p)
#define read_factors_anywhere(p) read_vec_anywhere(p)
#define read_factor(p) read(p)
#define read_factor_in_all(p) read_in_all(p)
#define read_factors_in_pairs(p) read_pair_in_all(p)
#define weights_at(image, i) texels(vec, read_imagef, image, i)
#define weights_at_halves(image, i) weights_at(image, i)
#endif

// A value as an argument, and its planes, rows and channels.
#define VIEW(name) __global real *name##_data, const Layout name
#define PLANE_STEP(l) ((l).plane * (l).block)
#define ROW_STEP(l) ((l).pitch * (l).block)
// A pixel has one channel, or as many as there are lanes.
#define PLANES(l) ((l).block == 1 ? (l).channels : ((l).channels + LANES - 1) / LANES)
#define PLANE(name, i) (name##_data + name.offset + (i) * PLANE_STEP(name))
#define CHANNEL(name, c) (name.block == 1 ? PLANE(name, c) : PLANE(name, (c) / LANES) + (c) % LANES)

// Layers over lists of kept positions: see indexed.h. The weights come before.
#define LISTS \
    __global const int *offsets, __global const int *bounds, __global const uint *first_weight, \
        __global const float *bias, __global const int *rows

// A vector of weights in an image: four a texel, as many texels a row as device.h says.
#define TEXELS 2048
#define texel(read, image, i) read(image, (int2)((i) % TEXELS, (i) / TEXELS))
#define texel_pair(read, image, i) texel(read, image, i), texel(read, image, (i) + 1)
#if LANES == 4
#define texels(type, read, image, i) texel(read, image, i)
#elif LANES == 8
#define texels(type, read, image, i) ((type)(texel_pair(read, image, 2 * (i))))
#else
#define texels(type, read, image, i) \
    ((type)(texel_pair(read, image, 4 * (i)), texel_pair(read, image, 4 * (i) + 2)))
#endif

static inline int least(int a, int b) { return a < b ? a : b; }
static inline int most(int a, int b) { return a < b ? b : a; }

static inline void zero(__global real* p, int count) {
    for (int i = 0; i < count; ++i) write(p + i, 0.0f);
}

// The same of pixels that are vectors, or single floats.
static inline void zero_pixels(__global real* p, int count, int block) {
    if (block != LANES) {
        zero(p, count);
        return;
    }
    for (int i = 0; i < count; i += LANES) write_vec(p + i, splat(0.0f));
}

// Zeroes what is not a pixel between row y of a plane and the next; before the first row and behind the last too.
static inline void clear_row(__global real* plane, const Layout l, int y) {
    if (l.plane == l.height * l.width) return;  // there is nothing but pixels
    const int origin = l.origin * l.block;
    if (y == 0) zero_pixels(plane - origin, origin, l.block);
    const int end = y * ROW_STEP(l) + l.width * l.block;
    zero_pixels(plane + end, (y + 1 < l.height ? (y + 1) * ROW_STEP(l) : PLANE_STEP(l) - origin) - end, l.block);
}

// Zeroes what is not a pixel before and after the rows of a plane; `written` floats from the first pixel on are the
// caller's business.
static inline void clear_margins(__global real* plane, const Layout l, int written) {
    const int origin = l.origin * l.block;
    zero(plane - origin, origin);
    zero(plane + written, PLANE_STEP(l) - origin - written);
}

// All bits set in the lanes that hold pixels of a planar value; the first is `at` floats behind the first pixel, in column
// `x` of the pitch.
static inline ivec pixels_at(const Layout l, int at, int x) {
    ivec column = x + LANE_NUMBERS;
    for (int passed = 0; passed < LANES; passed += l.pitch) column -= (column >= l.pitch) & l.pitch;
    return (column < l.width) & (at + LANE_NUMBERS < (l.height - 1) * l.pitch + l.width);
}

// The column of the next vector.
static inline int next_column(const Layout l, int x) {
    for (x += LANES; x >= l.pitch;) x -= l.pitch;
    return x;
}

// NaN in `a` stays NaN.
static inline float greater(float a, float b) { return a < b ? b : a; }
static inline float lesser(float a, float b) { return b < a ? b : a; }
static inline vec larger(vec a, vec b) { return a < b ? b : a; }
static inline vec smaller(vec a, vec b) { return a > b ? b : a; }

// The functions that operators are written in; those with other names are OpenCL's own.
#undef max
#undef min
#undef abs
#undef round
#undef sign
#define max larger
#define min smaller
#define abs fabs
#define round rint
#define neg(x) (-(x))
#define power pow
#define remainder_of fmod
#define exponential exp
#define sign(x) ((x) > 0.0f ? splat(1.0f) : (x) < 0.0f ? splat(-1.0f) : (x))

static inline vec relu(vec x) { return max(x, splat(0.0f)); }
static inline vec clip(vec x, float low, float high) { return min(max(x, splat(low)), splat(high)); }
static inline vec hard_sigmoid(vec x) { return clip(fma(x, splat(1.0f / 6.0f), splat(0.5f)), 0.0f, 1.0f); }
static inline vec hard_swish(vec x) { return x * clip(x + splat(3.0f), 0.0f, 6.0f) * splat(1.0f / 6.0f); }
static inline vec sigmoid(vec x) { return splat(1.0f) / (splat(1.0f) + exp(-x)); }
static inline vec silu(vec x) { return x / (splat(1.0f) + exp(-x)); }
static inline vec gelu(vec x) { return x * splat(0.5f) * (splat(1.0f) + erf(x * splat(0.70710678f))); }
static inline vec gelu_tanh(vec x) {
    return splat(0.5f) * x * (splat(1.0f) + tanh(splat(0.79788456f) * (x + splat(0.044715f) * x * x * x)));
}
static inline vec reciprocal(vec x) { return splat(1.0f) / x; }
static inline vec softsign(vec x) { return x / (splat(1.0f) + fabs(x)); }
static inline vec leaky_relu(vec x, float alpha) { return x < splat(0.0f) ? splat(alpha) * x : x; }
static inline vec prelu(vec x, vec slope) { return x < splat(0.0f) ? slope * x : x; }
static inline vec thresholded(vec x, float high) { return x > splat(high) ? x : splat(0.0f); }
static inline vec shrunk(vec x, float low, float high, float bias) {
    const vec above = x > splat(high) ? x - splat(bias) : splat(0.0f);
    return x < splat(low) ? x + splat(bias) : above;
}
static inline vec elu(vec x, float alpha, float inverse_beta, float gamma) {
    return splat(gamma) * (x > splat(0.0f) ? x : splat(alpha) * expm1(x * splat(inverse_beta)));
}
static inline vec softplus(vec x) { return (x > splat(0.0f) ? x : splat(0.0f)) + log1p(exp(-fabs(x))); }

// A window over a plane: rows, columns, their strides, padding and dilations.
typedef struct {
    int height, width, stride_y, stride_x, top, left, dilation_y, dilation_x;
} Window;

// Does `statement` for every pixel `p` of the window at (y, x) of a plane that lies inside the image.
#define EACH_PIXEL(window, in, plane, y, x, statement)                                                       \
    for (int i = 0; i < window.height; ++i) {                                                                \
        const int row = (y) * window.stride_y - window.top + i * window.dilation_y;                          \
        if (row < 0 || row >= in.height) continue;                                                           \
        for (int j = 0; j < window.width; ++j) {                                                             \
            const int column = (x) * window.stride_x - window.left + j * window.dilation_x;                  \
            if (column < 0 || column >= in.width) continue;                                                  \
            const __global real* p = PLANE(in, plane) + row * ROW_STEP(in) + column * in.block;              \
            statement;                                                                                       \
        }                                                                                                    \
    }

// A pixel of several channels, to planes of such pixels or, of an output of one pixel, to a plain array.
static inline void put_pixel(__global real* data, const Layout l, int block, int plane, int y, int x, int channels, vec v) {
    if (l.block == block) {
        write_vec(data + l.offset + plane * PLANE_STEP(l) + y * ROW_STEP(l) + x * block, v);
        return;
    }
    float lanes[LANES];
    JOIN(vstore, LANES)(v, 0, lanes);
    for (int i = 0; i < block && plane * block + i < channels; ++i) {
        write(data + l.offset + plane * block + i, lanes[i]);
    }
}

// The sum of a row, with what each addition rounds off kept beside it (Neumaier).
static inline float total(const __global real* row, int length) {
    float sum = 0.0f, lost = 0.0f;
    for (int i = 0; i < length; ++i) {
        const float x = read(row + i), next = sum + x;
        lost += fabs(sum) >= fabs(x) ? (sum - next) + x : (x - next) + sum;
        sum = next;
    }
    return isfinite(lost) ? sum + lost : sum;
}
)opencl";

}  // namespace

const char* prelude() { return kPrelude; }

const Source* sources(std::size_t& count) {
    count = sizeof kSources / sizeof *kSources;
    return kSources;
}

Wanted wanted_device() { return {"", "", false}; }

bool half_values() { return false; }

}  // namespace npas_net
