// [C, H, W] -> [C]. A work item has a plane.
__kernel void global_average_pool(VIEW(in), VIEW(out)) {
    const int plane = get_global_id(0);
    if (plane >= PLANES(in)) return;
    const float count = in.height * in.width;
    if (in.block == 1) {
        float sum = 0.0f;
        for (int y = 0; y < in.height; ++y) {
            for (int x = 0; x < in.width; ++x) sum += PLANE(in, plane)[y * in.pitch + x];
        }
        out_data[out.offset + plane] = sum / count;
        return;
    }
    vec sum = splat(0.0f);
    for (int y = 0; y < in.height; ++y) {
        for (int x = 0; x < in.width; ++x) sum += load(PLANE(in, plane) + y * ROW_STEP(in) + x * in.block);
    }
    put_pixel(out_data, out, in.block, plane, 0, 0, in.channels, sum / splat(count));
}
