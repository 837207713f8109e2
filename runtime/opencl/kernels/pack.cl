// From planes of single channels to planes of as many as there are lanes: margins and unused lanes become zero. A work
// item has a pixel of a plane of the target.
__kernel void pack(VIEW(in), VIEW(out)) {
    const int x = get_global_id(0), y = get_global_id(1), plane = get_global_id(2);
    if (x >= out.width) return;
    const __global real* from = PLANE(in, plane * LANES) + y * in.pitch + x;
    const int own = least(out.channels - plane * LANES, LANES);
    __global real* to = PLANE(out, plane) + y * ROW_STEP(out) + x * LANES;
    if (own == LANES) {
        for (int lane = 0; lane < LANES; ++lane) write(to + lane, read(from + lane * in.plane));
    } else {
        for (int lane = 0; lane < LANES; ++lane) write(to + lane, lane < own ? read(from + lane * in.plane) : 0.0f);
    }
    if (x + 1 == out.width) clear_row(PLANE(out, plane), out, y);
}
