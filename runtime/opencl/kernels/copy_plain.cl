// Between plain arrays of as many elements. A work item has a vector.
__kernel void copy_plain(VIEW(in), VIEW(out), const int elements) {
    const int first = get_global_id(0) * LANES;
    if (first >= elements) return;
    const __global real* from = in_data + in.offset + first;
    __global real* to = out_data + out.offset + first;
    if (first + LANES <= elements) {
        write_vec_anywhere(to, read_vec_anywhere(from));
    } else {
        for (int i = 0; first + i < elements; ++i) write(to + i, read(from + i));
    }
}
