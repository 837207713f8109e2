// Between plain arrays of as many elements. A work item has a vector.
__kernel void copy_plain(VIEW(in), VIEW(out), const int elements) {
    const int first = get_global_id(0) * LANES;
    if (first >= elements) return;
    const __global float* from = in_data + in.offset + first;
    __global float* to = out_data + out.offset + first;
    if (first + LANES <= elements) {
        store_anywhere(to, load_anywhere(from));
    } else {
        for (int i = 0; first + i < elements; ++i) to[i] = from[i];
    }
}
