// The largest pixel of each window. A work item has a pixel of a plane, all of its channels.
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
