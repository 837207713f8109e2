// The kernels of net, as the device's compiler gets them: each text behind the prelude, by itself.
#include "npas/sources.h"

namespace npas_net {

namespace {

// kernels/average_pool.cl
constexpr char kText0[] = R"opencl(// The mean of each window, over all of it or (not `count_pads`) its pixels inside the image. A work item has a pixel of
// a plane, all of its channels.
__kernel void average_pool(VIEW(in), VIEW(out), const Window window, const int count_pads) {
    const int x = get_global_id(0), y = get_global_id(1), plane = get_global_id(2);
    if (x >= out.width) return;
    int count = 0;
    if (in.block == 1) {
        float sum = 0.0f;
        EACH_PIXEL(window, in, plane, y, x, sum += read(p); ++count)
        write(PLANE(out, plane) + y * ROW_STEP(out) + x, sum / (count_pads ? window.height * window.width : count));
    } else {
        vec sum = splat(0.0f);
        EACH_PIXEL(window, in, plane, y, x, sum += read_vec(p); ++count)
        const float divisor = count_pads ? window.height * window.width : count;
        put_pixel(out_data, out, in.block, plane, y, x, in.channels, sum / splat(divisor));
    }
    if (out.block == in.block && x + 1 == out.width) clear_row(PLANE(out, plane), out, y);
}
)opencl";

// kernels/conv_indexed_opencl8_r1p11_add.cl
constexpr char kText1[] = R"opencl(// Convolution over lists of kept positions: 1 filter x 11 vectors of pixels in registers.
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
)opencl";

// kernels/conv_indexed_opencl8_r1p2.cl
constexpr char kText2[] = R"opencl(// Convolution over lists of kept positions: 1 filter x 2 vectors of pixels in registers.
#define FILTERS 1
#define TILE (2 * LANES)

static inline vec epilogue(vec x) {
    return x;
}

// A work item has a tile of a group of filters; a work group shares the list. Work groups follow each other by tiles
// where these lie along the first dimension, by filters where they lie along the third. What is no pixel becomes zero.
VECTOR_KERNEL void conv_indexed_opencl8_r1p2(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int tiles) {
    const int t = get_global_id(0) + get_global_id(2) * get_global_size(0), group = get_global_id(1);
    if (t >= tiles) return;
    const int at = t * TILE;
    const __global real* tile = in_data + in.offset + at;
    const __global int* offset = offsets + bounds[2 * group];
    const __global int* end = offsets + bounds[2 * group + 1];
    const __global float* weight = weights + first_weight[group];
    vec a0a = splat(0.0f), a0b = splat(0.0f);
    for (; offset != end; ++offset, weight += FILTERS) {
        const __global real* from = tile + *offset;
        const factors xa = read_factors_anywhere(from + 0 * LANES);
        const factors xb = read_factors_anywhere(from + 1 * LANES);
        const factors w0 = one_weight_of(weight + 0);
        a0a = fma(w0, xa, a0a);
        a0b = fma(w0, xb, a0b);
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
            if (t + 1 == tiles) clear_margins(to, out, tiles * TILE);
        }
    }
}
)opencl";

// kernels/conv_indexed_opencl8_r4p3_relu.cl
constexpr char kText3[] = R"opencl(// Convolution over lists of kept positions: 4 filters x 3 vectors of pixels in registers.
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
)opencl";

// kernels/conv_lanes_opencl8_v1p3s3.cl
constexpr char kText4[] = R"opencl(// Convolution over lists of kept positions, filters in lanes: 1 vector of weights x 3 pixels in registers.
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
VECTOR_KERNEL void conv_lanes_opencl8_v1p3s3(const __global float* weights, LISTS, VIEW(in), VIEW(out), const Grid grid) {
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
        for (; offset != end; ++offset, weight += STORED) {
            const __global real* from = tile + *offset;
            const factors w0 = weights_of(weight + 0 * LANES);
            const factors xa = read_factor_in_all(from + 0 * STEP);
            a0a = fma(w0, xa, a0a);
            const factors xb = read_factor_in_all(from + 1 * STEP);
            a0b = fma(w0, xb, a0b);
            const factors xc = read_factor_in_all(from + 2 * STEP);
            a0c = fma(w0, xc, a0c);
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
)opencl";

// kernels/copy_channels.cl
constexpr char kText5[] = R"opencl(// Copies `in` to the channels of `out` from `first` on. A work item has a pixel of a plane of the output; where the
// plane's first channel is its own it makes zeros of what others do not write.
__kernel void copy_channels(VIEW(in), VIEW(out), const int first) {
    const int x = get_global_id(0), y = get_global_id(1), plane = first / out.block + get_global_id(2);
    if (x >= out.width) return;
    __global real* to = PLANE(out, plane) + y * ROW_STEP(out) + x * out.block;
    const int channel = plane * out.block - first;
    if (in.block == LANES && out.block == LANES && channel % LANES == 0) {
        write_vec(to, read_vec(CHANNEL(in, channel) + y * ROW_STEP(in) + x * LANES));
    } else {
        for (int lane = 0; lane < out.block; ++lane) {
            const int c = channel + lane;
            if (c >= 0 && c < in.channels) {
                write(to + lane, read(CHANNEL(in, c) + y * ROW_STEP(in) + x * in.block));
            } else if (c >= in.channels) {
                write(to + lane, 0.0f);
            }
        }
    }
    if (plane * out.block >= first && x + 1 == out.width) clear_row(PLANE(out, plane), out, y);
}
)opencl";

// kernels/copy_plain.cl
constexpr char kText6[] = R"opencl(// Between plain arrays of as many elements. A work item has a vector.
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
constexpr char kText7[] = R"opencl(// Between two layouts of the same channels in a pixel: what is no pixel of the target becomes zero. A work item has a
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

// kernels/depthwise_lanes_opencl8_k3x3_s1x1_p3.cl
constexpr char kText8[] = R"opencl(// Depthwise convolution, channels in lanes: 3x3, 3 pixels in registers.
#define PIXELS 3

static inline vec epilogue(vec x) {
    return x;
}

// A work item has a tile of a row of a plane. A row's tiles are as wide as the kernel, or a pixel narrower.
VECTOR_KERNEL void depthwise_lanes_opencl8_k3x3_s1x1_p3(const __global float* weights, const __global float* bias, VIEW(in), VIEW(out), const int columns, const int top, const int left) {
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
)opencl";

// kernels/global_average_pool.cl
constexpr char kText9[] = R"opencl(// [C, H, W] -> [C]. A work group has a plane; of its items each adds up a part of the pixels, and the first those sums.
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

// kernels/linear_indexed_opencl8_r1.cl
constexpr char kText10[] = R"opencl(// Fully connected layer over lists of kept columns, one filter at a time.
static inline vec epilogue(vec x) {
    return x;
}

// A work item has a filter.
VECTOR_KERNEL void linear_indexed_opencl8_r1(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int groups) {
    const int group = get_global_id(0);
    if (group >= groups) return;
    const __global real* x = in_data + in.offset;
    const __global float* weight = weights + first_weight[group];
    const int begin = bounds[2 * group], count = bounds[2 * group + 1] - begin;
    // Four sums, so that one addition need not wait for the other.
    float4 sum = (float4)(0.0f);
    int k = 0;
    for (; k + 4 <= count; k += 4) {
        const int4 at = load_int4(offsets + begin + k);
        sum = fma(load4(weight + k), (float4)(gather4(x, at)), sum);
    }
    for (; k < count; ++k) sum.s0 = fma(weight[k], read(x + offsets[begin + k]), sum.s0);
    const int row = rows[group];
    const vec result = splat(bias[group] + ((sum.s0 + sum.s1) + (sum.s2 + sum.s3)));
    write(out_data + out.offset + row, epilogue(result).s0);
}
)opencl";

// kernels/linear_indexed_opencl8_r16_hard_swish.cl
constexpr char kText11[] = R"opencl(// Fully connected layer over lists of kept columns, 2 vectors of filters at a time.
static inline vec epilogue(vec x) {
    x = hard_swish(x);
    return x;
}

#define STORED (2 * LANES)  // weights of a group for one column

// A work item has a group of filters, which lie side by side in lanes.
VECTOR_KERNEL void linear_indexed_opencl8_r16_hard_swish(const __global float* weights, LISTS, VIEW(in), VIEW(out), const int groups) {
    const int group = get_global_id(0);
    if (group >= groups) return;
    const __global real* x = in_data + in.offset;
    const __global float* weight = weights + first_weight[group];
    const int end = bounds[2 * group + 1];
    int k = bounds[2 * group];
    vec sum0a = splat(0.0f), sum0b = splat(0.0f);
    vec sum1a = splat(0.0f), sum1b = splat(0.0f);
    for (; k + 2 <= end; k += 2, weight += 2 * STORED) {
        const vec xa = read_in_all(x + offsets[k + 0]);
        sum0a = fma(load(weight + 0 * LANES), xa, sum0a);
        sum1a = fma(load(weight + 1 * LANES), xa, sum1a);
        const vec xb = read_in_all(x + offsets[k + 1]);
        sum0b = fma(load(weight + 2 * LANES), xb, sum0b);
        sum1b = fma(load(weight + 3 * LANES), xb, sum1b);
    }
    for (; k < end; ++k, weight += STORED) {
        const vec xa = read_in_all(x + offsets[k]);
        sum0a = fma(load(weight + 0 * LANES), xa, sum0a);
        sum1a = fma(load(weight + 1 * LANES), xa, sum1a);
    }
    sum0a += sum0b;
    const int at0 = group * STORED + 0 * LANES;
    write_vec(out_data + out.offset + at0, epilogue(sum0a + load(bias + at0)));
    sum1a += sum1b;
    const int at1 = group * STORED + 1 * LANES;
    write_vec(out_data + out.offset + at1, epilogue(sum1a + load(bias + at1)));
}
)opencl";

// kernels/linear_indexed_opencl8_r8.cl
constexpr char kText12[] = R"opencl(// Fully connected layer over lists of kept columns, 1 vector of filters at a time.
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

// kernels/max_pool.cl
constexpr char kText13[] = R"opencl(// The largest pixel of each window. A work item has a pixel of a plane, all of its channels.
__kernel void max_pool(VIEW(in), VIEW(out), const Window window) {
    const int x = get_global_id(0), y = get_global_id(1), plane = get_global_id(2);
    if (x >= out.width) return;
    if (in.block == 1) {
        float found = -INFINITY;
        EACH_PIXEL(window, in, plane, y, x, found = greater(found, read(p)))
        write(PLANE(out, plane) + y * ROW_STEP(out) + x, found);
    } else {
        vec found = splat(-INFINITY);
        EACH_PIXEL(window, in, plane, y, x, found = max(found, read_vec(p)))
        put_pixel(out_data, out, in.block, plane, y, x, in.channels, found);
    }
    if (out.block == in.block && x + 1 == out.width) clear_row(PLANE(out, plane), out, y);
}
)opencl";

// kernels/mul_channel_opencl8.cl
constexpr char kText14[] = R"opencl(// Element by element: x = x * other;
static inline vec compute(vec x, vec other) {
    x = x * other;
    return x;
}

// A work item has a vector of a plane, whose rows are one run of floats. What is no pixel becomes zero.
VECTOR_KERNEL void mul_channel_opencl8(VIEW(in), VIEW(other), VIEW(out)) {
    const int at = get_global_id(0) * LANES, plane = get_global_id(1);
    const int length = ((out.height - 1) * out.pitch + out.width) * out.block;
    if (at >= length) return;
    const __global real* x = PLANE(in, plane) + at;
    const vec y = out.block == 1 ? read_in_all(other_data + other.offset + plane) : read_vec(other_data + other.offset + plane * LANES);
    __global real* to = PLANE(out, plane) + at;
    if (at + LANES <= length) {
        const vec result = compute(read_vec_anywhere(x), y);
        if (out.block > 1) {
            const int column = at / LANES % out.pitch;
            write_vec(to, column < out.width ? result : splat(0.0f));
        } else {
            write_vec_anywhere(to, out.pitch == out.width ? result : keep(result, pixels_at(out, at, at % out.pitch)));
        }
    } else {
        for (int i = 0; at + i < length; ++i) {
            const float result = compute(read_in_all(x + i), y).s0;
            write(to + i, (at + i) / out.block % out.pitch < out.width ? result : 0.0f);
        }
    }
    if (at + LANES >= length && out.plane != out.height * out.width) clear_margins(PLANE(out, plane), out, length);
}
)opencl";

// kernels/unpack.cl
constexpr char kText15[] = R"opencl(// From planes of as many channels as there are lanes to planes of single ones: margins become zero. A work item has a
// pixel of a plane of the source.
__kernel void unpack(VIEW(in), VIEW(out)) {
    const int x = get_global_id(0), y = get_global_id(1), plane = get_global_id(2);
    if (x >= out.width) return;
    const __global real* from = PLANE(in, plane) + y * ROW_STEP(in) + x * LANES;
    const int own = least(out.channels - plane * LANES, LANES);
    __global real* to = PLANE(out, plane * LANES) + y * out.pitch + x;
    for (int lane = 0; lane < own; ++lane) write(to + lane * out.plane, read(from + lane));
    if (x + 1 < out.width) return;
    for (int lane = 0; lane < own; ++lane) clear_row(PLANE(out, plane * LANES + lane), out, y);
}
)opencl";

constexpr Source kSources[] = {
    {"average_pool", kText0},
    {"conv_indexed_opencl8_r1p11_add", kText1},
    {"conv_indexed_opencl8_r1p2", kText2},
    {"conv_indexed_opencl8_r4p3_relu", kText3},
    {"conv_lanes_opencl8_v1p3s3", kText4},
    {"copy_channels", kText5},
    {"copy_plain", kText6},
    {"copy_rows", kText7},
    {"depthwise_lanes_opencl8_k3x3_s1x1_p3", kText8},
    {"global_average_pool", kText9},
    {"linear_indexed_opencl8_r1", kText10},
    {"linear_indexed_opencl8_r16_hard_swish", kText11},
    {"linear_indexed_opencl8_r8", kText12},
    {"max_pool", kText13},
    {"mul_channel_opencl8", kText14},
    {"unpack", kText15},
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
