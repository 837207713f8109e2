// Each of [rows, length] less its mean, over the root of its variance and epsilon. A work item has a row.
__kernel void normalize_rows(VIEW(in), VIEW(out), const int rows, const int length, const float epsilon) {
    const int i = get_global_id(0);
    if (i >= rows) return;
    const __global real* row = in_data + in.offset + i * length;
    __global real* to = out_data + out.offset + i * length;
    const float mean = total(row, length) / length;
    float squares = 0.0f, lost = 0.0f;
    for (int k = 0; k < length; ++k) {
        const float d = read(row + k) - mean, y = d * d - lost, next = squares + y;
        lost = (next - squares) - y;
        squares = next;
    }
    const float scale = 1.0f / sqrt(squares / length + epsilon);
    for (int k = 0; k < length; ++k) write(to + k, (read(row + k) - mean) * scale);
}
