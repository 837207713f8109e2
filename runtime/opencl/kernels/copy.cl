// Between two layouts of the same channels, height and width: margins and unused lanes of the target become zero. A work
// item has a pixel of a plane.
__kernel void copy(VIEW(in), VIEW(out)) {
    const int x = get_global_id(0), y = get_global_id(1), plane = get_global_id(2);
    if (x >= out.width) return;
    __global float* to = PLANE(out, plane) + y * ROW_STEP(out) + x * out.block;
    for (int lane = 0; lane < out.block; ++lane) {
        const int c = plane * out.block + lane;
        to[lane] = c < out.channels ? CHANNEL(in, c)[y * ROW_STEP(in) + x * in.block] : 0.0f;
    }
    if (x + 1 == out.width) clear_row(PLANE(out, plane), out, y);
}
