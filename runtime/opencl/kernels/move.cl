#define OUTSIDE (-2147483647)

// Element (i0, i1, ...) of the target, at `to` plus what each axis adds, is that of the source, or `fill` where an axis
// says that it lies outside. Tables: for each axis its length, then what each index adds in the source and in the
// target. A work item has an element.
__kernel void move(VIEW(in), VIEW(out), __global const int* axes, const int rank, const int from, const int to,
                   const int elements, const float fill) {
    int rest = get_global_id(0);
    if (rest >= elements) return;
    int source = from, target = to, outside = 0;
    for (int d = 0; d < rank; ++d) {  // innermost first
        const int count = *axes, i = rest % count;
        const int step = axes[1 + i];
        outside |= step == OUTSIDE;
        source += step == OUTSIDE ? 0 : step;
        target += axes[1 + count + i];
        axes += 1 + 2 * count;
        rest /= count;
    }
    write(out_data + out.offset + target, outside ? fill : read(in_data + in.offset + source));
}
