// What a strided convolution reads: pixel (y * stride + row - top, x * stride + column - left) of a channel becomes
// pixel (y, x) of plane channel * count + i for phase i, zero outside the image. A work item has a vector of a row of a
// plane.
__kernel void split_phases(VIEW(in), VIEW(out), __global const int* phases, const int count, const int stride_y,
                           const int stride_x, const int top, const int left) {
    const int x = get_global_id(0) * LANES, y = get_global_id(1), plane = get_global_id(2);
    if (x >= out.width) return;
    const int channel = plane / count, phase = plane - channel * count;
    const int row = y * stride_y + phases[2 * phase] - top, first = x * stride_x + phases[2 * phase + 1] - left;
    const int own = least(out.width - x, LANES), last = first + (own - 1) * stride_x, step = stride_x * in.block;
    const __global real* from = CHANNEL(in, channel) + row * ROW_STEP(in) + first * in.block;
    __global real* to = PLANE(out, plane) + y * out.pitch + x;
    if (row < 0 || row >= in.height) {
        zero(to, own);
    } else if (first >= 0 && last < in.width) {
        for (int i = 0; i < own; ++i) write(to + i, read(from + i * step));
    } else {
        for (int i = 0; i < own; ++i) {
            const int column = first + i * stride_x;
            write(to + i, column >= 0 && column < in.width ? read(from + i * step) : 0.0f);
        }
    }
    if (x + LANES >= out.width) clear_row(PLANE(out, plane), out, y);
}
