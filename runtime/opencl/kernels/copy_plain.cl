// Between plain arrays of as many elements. A work item has an element.
__kernel void copy_plain(VIEW(in), VIEW(out), const int elements) {
    const int i = get_global_id(0);
    if (i < elements) out_data[out.offset + i] = in_data[in.offset + i];
}
