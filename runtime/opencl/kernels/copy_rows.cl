// Between two layouts of the same channels in a pixel: what is no pixel of the target becomes zero. A work item has a
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
