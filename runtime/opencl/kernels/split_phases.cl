// What a strided convolution reads: pixel (y * stride + row - top, x * stride + column - left) of a channel becomes
// pixel (y, x) of plane channel * count + i for phase i, zero outside the image. A work item has a pixel of a plane.
__kernel void split_phases(VIEW(in), VIEW(out), __global const int* phases, const int count, const int stride_y,
                           const int stride_x, const int top, const int left) {
    const int x = get_global_id(0), y = get_global_id(1), plane = get_global_id(2);
    if (x >= out.width) return;
    const int phase = plane % count;
    const int row = y * stride_y + phases[2 * phase] - top, column = x * stride_x + phases[2 * phase + 1] - left;
    const int inside = row >= 0 && row < in.height && column >= 0 && column < in.width;
    PLANE(out, plane)[y * out.pitch + x] =
        inside ? CHANNEL(in, plane / count)[row * ROW_STEP(in) + column * in.block] : 0.0f;
    if (x + 1 == out.width) clear_row(PLANE(out, plane), out, y);
}
