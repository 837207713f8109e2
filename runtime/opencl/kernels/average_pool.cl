// The mean of each window, over all of it or (not `count_pads`) its pixels inside the image. A work item has a pixel of
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
