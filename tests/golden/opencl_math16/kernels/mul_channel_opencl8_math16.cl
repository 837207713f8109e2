// Element by element: x = x * other;
static inline vec compute(vec x, vec other) {
    x = x * other;
    return x;
}

// A work item has a vector of a plane, whose rows are one run of floats. What is no pixel becomes zero.
VECTOR_KERNEL void mul_channel_opencl8_math16(VIEW(in), VIEW(other), VIEW(out)) {
    const int at = get_global_id(0) * LANES, plane = get_global_id(1);
    const int length = ((out.height - 1) * out.pitch + out.width) * out.block;
    if (at >= length) return;
    const __global real* x = PLANE(in, plane) + at;
    const vec y = out.block == 1 ? read_in_all(other_data + other.offset + plane) : read_vec(other_data + other.offset + plane * LANES);
    __global real* to = PLANE(out, plane) + at;
    if (at + LANES <= length) {
        const vec result = compute(read_vec_anywhere(x), y);
        if (out.block > 1) {
            const int column = at / LANES % out.pitch;
            write_vec(to, column < out.width ? result : splat(0.0f));
        } else {
            write_vec_anywhere(to, out.pitch == out.width ? result : keep(result, pixels_at(out, at, at % out.pitch)));
        }
    } else {
        for (int i = 0; at + i < length; ++i) {
            const float result = compute(read_in_all(x + i), y).s0;
            write(to + i, (at + i) / out.block % out.pitch < out.width ? result : 0.0f);
        }
    }
    if (at + LANES >= length && out.plane != out.height * out.width) clear_margins(PLANE(out, plane), out, length);
}
