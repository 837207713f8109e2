<%page args="view"/>\
<%namespace name="common" file="epilogue.mako"/>\
<%namespace name="lanes" file="lanes.mako"/>\
<%
local, buffer = (view.placement == name for name in ("local", "buffer"))
vectors, tiles, pairs = range(view.vectors), range(view.pixels), view.side // 2 - 1
planar = view.step == 1
points = {4: [1.0], 6: [1.0, 2.0], 8: [1.0, 2.0, 0.5]}[view.side]
letter = lambda p: chr(97 + p)
%>\
// Convolution by Winograd's method, tiles of ${view.pixels_out}x${view.pixels_out} from ${view.side}x${view.side} pixels, filters in lanes: ${view.summary}.
// See winograd.h. A few tiles at a time: transformed, multiplied at each of their positions by itself, transformed back.
#define SIDE ${view.side}
#define M ${view.pixels_out}
#define TILES ${view.pixels}
#define STORED (${view.vectors} * LANES)  // filters in a group
#define WORK ((__global float*)(work_data + work.offset))  // floats, whatever values are stored as
${lanes.room(view)}\

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

${common.epilogue(view)}
// One dimension of B^T d.
static inline void transform(const vec d[SIDE], vec t[SIDE]) {
% if view.side == 4:
    t[0] = d[0] - d[2];
    t[1] = d[1] + d[2];
    t[2] = d[2] - d[1];
    t[3] = d[1] - d[3];
% elif view.side == 6:
    const vec a = d[4] - 4.0f * d[2], b = d[3] - 4.0f * d[1];
    const vec c = d[4] - d[2], e = 2.0f * (d[3] - d[1]);
    t[0] = 4.0f * d[0] + (d[4] - 5.0f * d[2]);
    t[1] = a + b;
    t[2] = a - b;
    t[3] = c + e;
    t[4] = c - e;
    t[5] = 4.0f * d[1] + (d[5] - 5.0f * d[3]);
% else:
    t[0] = 5.25f * (d[4] - d[2]) + (d[0] - d[6]);
    vec a = (d[2] + d[6]) - 4.25f * d[4], b = (d[1] + d[5]) - 4.25f * d[3];
    t[1] = a + b;
    t[2] = a - b;
    a = 0.25f * d[2] + (d[6] - 1.25f * d[4]);
    b = 0.5f * d[1] + (2.0f * d[5] - 2.5f * d[3]);
    t[3] = a + b;
    t[4] = a - b;
    a = 4.0f * d[2] + (d[6] - 5.0f * d[4]);
    b = 2.0f * d[1] + (0.5f * d[5] - 2.5f * d[3]);
    t[5] = a + b;
    t[6] = a - b;
    t[7] = 5.25f * (d[3] - d[5]) + (d[7] - d[1]);
% endif
}

// One dimension of A^T m: row k has the k-th powers of the points, which come in pairs p, -p.
static inline void transform_back(const vec t[SIDE], vec y[M]) {
% for i in range(pairs):
    const vec s${i} = t[${2 * i + 1}] + t[${2 * i + 2}]${f", d{i} = t[{2 * i + 1}] - t[{2 * i + 2}]" if view.pixels_out > 1 else ""};
% endfor
% for k in range(view.pixels_out):
<%
terms = [(points[i] ** k, f"{'s' if k % 2 == 0 else 'd'}{i}") for i in range(pairs)]
sum_ = " + ".join(name if scale == 1.0 else f"{scale!r}f * {name}" for scale, name in terms)
ends = (" + t[0]" if k == 0 else "") + ((" - " if view.side == 4 else " + ") + f"t[{view.side - 1}]" if k + 1 == view.pixels_out else "")
%>\
    y[${k}] = ${sum_}${ends};
% endfor
}

// V of a tile in one of its planes, which is a phase of a plane of the input\
${", or as many (phase, channel) as a vector has lanes" if planar else ""}. A work item has both.
VECTOR_KERNEL void ${view.name}_in(VIEW(in), VIEW(work), ${"__global const int* lanes, " if planar else ""}const Image image, const Tiles tiles) {
    const int n = get_global_id(0), plane = get_global_id(1);
    if (n >= tiles.count) return;
    const int row = (tiles.first + n) / tiles.columns, column = (tiles.first + n) - row * tiles.columns;
% if planar:
    // Of each lane: where it lies, its row and its column.
    const int y = row * M * image.stride - image.top, x = column * M * image.stride - image.left;
    const __global int* own = lanes + plane * 3 * LANES;
    const ivec from = *(const __global ivec*)own + in.offset + y * in.pitch + x;
    const ivec rows = image.height - y - *(const __global ivec*)(own + LANES);
    const ivec columns = image.width - x - *(const __global ivec*)(own + 2 * LANES);
    const int right = image.stride, down = image.stride * in.pitch;
% else:
    const int phase = plane / PLANES(in);
    const int y = row * M * image.stride - image.top + phase / image.stride, x = column * M * image.stride - image.left + phase % image.stride;
    const __global real* from = PLANE(in, plane % PLANES(in)) + y * ROW_STEP(in) + x * LANES;
    // Beyond the margins lie other values' floats; where a tile reaches there, it takes zeros.
    const int rows = image.height - y, columns = image.width - x;
    const int inside = rows > (SIDE - 1) * image.stride && columns > (SIDE - 1) * image.stride;
    const int right = image.stride * LANES, down = image.stride * ROW_STEP(in);
% endif
    vec lines[SIDE][SIDE];  // [column][row]
    #pragma unroll
    for (int j = 0; j < SIDE; ++j) {
        vec d[SIDE];
        #pragma unroll
        for (int i = 0; i < SIDE; ++i) {
% if planar:
            const ivec there = (i * image.stride < rows) & (j * image.stride < columns);
            const ivec at = there ? from + i * down + j * right : (ivec)(in.offset);  // the first pixel for none
            d[i] = keep(gather(in_data, at), there);
% else:
            const int there = inside || (i * image.stride < rows && j * image.stride < columns);
            d[i] = there ? read_vec(from + i * down + j * right) : splat(0.0f);
% endif
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
VECTOR_KERNEL void ${view.name}(${lanes.module.parameter(view)}, const __global int* offsets, VIEW(work), const int terms, const int planes, const Tiles tiles) {
    const int group = get_global_id(1), position = get_global_id(2);
% if local:
    const int at_most = get_global_id(0) * TILES, there = at_most < tiles.count, first = there ? at_most : 0;
    __local vec held[HELD * ${view.vectors}];
% else:
    const int first = get_global_id(0) * TILES;
    if (first >= tiles.count) return;
% endif
    const __global float* in = WORK + position * tiles.in_step + first * LANES;
    ${lanes.module.pointer(view, "weight", "(position * get_global_size(1) + group) * (terms * STORED)")}
% for v in vectors:
    vec ${", ".join(f"a{v}{letter(p)} = splat(0.0f)" for p in tiles)};
% endfor
% if local:
    for (int done = 0; done < terms; done += HELD, weight += HELD * STORED) {
        const int count = least(terms - done, HELD);
${lanes.fill(view, "weight", " " * 8)}\
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = 0; i < count; ++i) {
            const __global float* from = in + offsets[done + i];
${lanes.products(view, " " * 12, vectors, "weight", "broadcast", "LANES")}\
        }
    }
    if (!there) return;
% else:
% if buffer:
    // The next unit's weights come from far: each item of the work group fetches its part of them.
    const int pace = (STORED + get_local_size(0) - 1) / get_local_size(0);
    const __global float* coming = weight + terms * (STORED + (int)get_local_id(0) * pace);
    for (int i = 0; i < terms; ++i, weight += STORED, coming += pace) {
        fetch(coming);
% else:
    for (int i = 0; i < terms; ++i, weight += ${lanes.module.step(view)}) {
% endif
        const __global float* from = in + offsets[i];
${lanes.products(view, " " * 8, vectors, "weight", "broadcast", "LANES")}\
    }
% endif
    // Behind the last tile lies what nobody keeps.
    const int own = least(tiles.count - first, TILES);
    __global float* to = WORK + SIDE * SIDE * tiles.in_step + position * tiles.out_step + first * LANES;
% for v in vectors:
    if (group * ${view.vectors} + ${v} < planes) {
        __global float* plane = to + (group * ${view.vectors} + ${v}) * tiles.room * LANES;
% for p in tiles:
        ${f"if (own > {p}) " if p else ""}store(plane + ${p} * LANES, a${v}${letter(p)});
% endfor
    }
% endfor
}

// Y of a tile in a plane of the output. A work item has both.
VECTOR_KERNEL void ${view.name}_out(const __global float* bias, VIEW(work), VIEW(out), ${"VIEW(residual), " if view.residual else ""}const Tiles tiles) {
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
% if view.residual:
    const __global real* other = PLANE(residual, plane) + y * ROW_STEP(residual) + x * LANES;
% endif
    #pragma unroll
    for (int i = 0; i < M; ++i) {
        if (i >= own_rows) break;
        vec t[SIDE], sums[M];
        #pragma unroll
        for (int j = 0; j < SIDE; ++j) t[j] = lines[j][i];
        transform_back(t, sums);
        #pragma unroll
        for (int j = 0; j < M; ++j) {
            if (j < own_columns) write_vec(to + j * LANES, epilogue(sums[j] + filters${", read_vec(other + j * LANES)" if view.residual else ""}));
        }
        to += ROW_STEP(out);
% if view.residual:
        other += ROW_STEP(residual);
% endif
        if (x + M >= out.width) clear_row(PLANE(out, plane), out, y + i);
    }
}
