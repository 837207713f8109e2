// From planes of as many channels as there are lanes to planes of single ones: margins become zero. A work item has a
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
