// [batch, rows, depth] x [batch, depth, columns] -> [batch, rows, columns]. A work item has an element.
__kernel void matmul(VIEW(a), VIEW(b), VIEW(out), const int rows, const int depth, const int columns) {
    const int column = get_global_id(0) % columns, row = get_global_id(0) / columns, batch = get_global_id(1);
    if (row >= rows) return;
    const __global real* x = a_data + a.offset + (batch * rows + row) * depth;
    const __global real* y = b_data + b.offset + batch * depth * columns + column;
    float sum = 0.0f;
    for (int k = 0; k < depth; ++k) sum = fma(read(x + k), read(y + k * columns), sum);
    write(out_data + out.offset + (batch * rows + row) * columns + column, sum);
}
