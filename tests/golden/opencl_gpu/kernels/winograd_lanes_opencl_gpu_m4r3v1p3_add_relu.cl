// Convolution by Winograd's method, tiles of 4x4 from 6x6 pixels, filters in lanes: 1 vector of weights x 3 tiles in registers.
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
VECTOR_KERNEL void winograd_lanes_opencl_gpu_m4r3v1p3_add_relu_in(VIEW(in), VIEW(work), const Image image, const Tiles tiles) {
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
VECTOR_KERNEL void winograd_lanes_opencl_gpu_m4r3v1p3_add_relu(const __global float* weights, const __global int* offsets, VIEW(work), const int terms, const int planes, const Tiles tiles) {
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
VECTOR_KERNEL void winograd_lanes_opencl_gpu_m4r3v1p3_add_relu_out(const __global float* bias, VIEW(work), VIEW(out), VIEW(residual), const Tiles tiles) {
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
