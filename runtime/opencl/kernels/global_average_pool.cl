// [C, H, W] -> [C]. A work group has a plane; of its items each adds up a part of the pixels, and the first those sums.
#define MOST_ITEMS 64  // WARPS in launches.py

__kernel void global_average_pool(VIEW(in), VIEW(out)) {
    const int plane = get_group_id(0), item = get_local_id(0), items = get_local_size(0);
    const int there = plane < PLANES(in);  // where a device's groups are smaller, there are more of them
    const int pixels = in.height * in.width, end = there ? pixels : 0;
    __local vec waiting[MOST_ITEMS];
    vec sum = splat(0.0f);
    for (int i = item; i < end; i += items) {
        const __global real* pixel = PLANE(in, plane) + i / in.width * ROW_STEP(in) + i % in.width * in.block;
        if (in.block == 1) {
            sum.s0 += read(pixel);
        } else {
            sum += read_vec(pixel);
        }
    }
    waiting[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item > 0 || !there) return;
    for (int i = 1; i < items; ++i) sum += waiting[i];
    const vec mean = sum / splat((float)pixels);
    if (in.block == 1) {
        write(out_data + out.offset + plane, mean.s0);
    } else {
        put_pixel(out_data, out, in.block, plane, 0, 0, in.channels, mean);
    }
}
