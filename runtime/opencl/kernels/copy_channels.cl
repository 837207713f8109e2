// Copies `in` to the channels of `out` from `first` on. A work item has a pixel of a plane of the output; where the
// plane's first channel is its own it makes zeros of what others do not write.
__kernel void copy_channels(VIEW(in), VIEW(out), const int first) {
    const int x = get_global_id(0), y = get_global_id(1), plane = first / out.block + get_global_id(2);
    if (x >= out.width) return;
    __global real* to = PLANE(out, plane) + y * ROW_STEP(out) + x * out.block;
    const int channel = plane * out.block - first;
    if (in.block == LANES && out.block == LANES && channel % LANES == 0) {
        write_vec(to, read_vec(CHANNEL(in, channel) + y * ROW_STEP(in) + x * LANES));
    } else {
        for (int lane = 0; lane < out.block; ++lane) {
            const int c = channel + lane;
            if (c >= 0 && c < in.channels) {
                write(to + lane, read(CHANNEL(in, c) + y * ROW_STEP(in) + x * in.block));
            } else if (c >= in.channels) {
                write(to + lane, 0.0f);
            }
        }
    }
    if (plane * out.block >= first && x + 1 == out.width) clear_row(PLANE(out, plane), out, y);
}
