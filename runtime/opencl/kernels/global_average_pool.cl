// [C, H, W] -> [C]. A work group has a plane; of its items each adds up a part of the pixels, and the first those sums.
#define MOST_ITEMS 64  // WARPS in launches.py

__kernel void global_average_pool(VIEW(in), VIEW(out)) {
    const int plane = get_group_id(0), item = get_local_id(0), items = get_local_size(0), pixels = in.height * in.width;
    if (plane >= PLANES(in)) return;  // where a device's groups are smaller, there are more of them
    __local vec waiting[MOST_ITEMS];
    vec sum = splat(0.0f);
    for (int i = item, y = 0, x = item; i < pixels; i += items, x += items) {
        for (; x >= in.width; x -= in.width) ++y;
        const __global float* pixel = PLANE(in, plane) + y * ROW_STEP(in) + x * in.block;
        if (in.block == 1) {
            sum.s0 += *pixel;
        } else {
            sum += load(pixel);
        }
    }
    waiting[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item > 0) return;
    for (int i = 1; i < items; ++i) sum += waiting[i];
    const vec mean = sum / splat((float)pixels);
    if (in.block == 1) {
        out_data[out.offset + plane] = mean.s0;
    } else {
        put_pixel(out_data, out, in.block, plane, 0, 0, in.channels, mean);
    }
}
