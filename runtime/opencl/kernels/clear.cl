// Zeros in all of a value, margins and unused lanes included. A work item has a float of a plane.
__kernel void clear(VIEW(out)) {
    const int i = get_global_id(0), plane = get_global_id(1);
    if (i < PLANE_STEP(out)) write(PLANE(out, plane) + i - out.origin * out.block, 0.0f);
}
