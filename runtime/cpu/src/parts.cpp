#include "npas/parts.h"

#include <algorithm>

namespace NPAS_NAMESPACE {

Coming::Coming(ConstView in, Range planes, Range rows, Range columns, int calls) {
    const Layout& l = *in.layout;
    rows = {std::max(rows.begin, 0), std::min(rows.end, l.height)};
    columns = {std::max(columns.begin, 0), std::min(columns.end, l.width)};
    const bool whole = columns.begin == 0 && columns.end == l.width;
    runs_ = whole ? 1 : rows.end - rows.begin;
    const std::ptrdiff_t run = whole ? l.pitch * (rows.end - rows.begin) : columns.end - columns.begin;
    length_ = run * l.block;
    run_step_ = whole ? length_ : l.row_step();
    plane_step_ = l.plane_step() - runs_ * run_step_;
    planes_ = rows.begin < rows.end && columns.begin < columns.end ? planes.end - planes.begin : 0;
    line_ = in.plane(planes.begin) + rows.begin * l.row_step() + static_cast<std::ptrdiff_t>(columns.begin) * l.block;
    end_ = line_ + length_;
    const std::ptrdiff_t lines = (length_ + kLine - 1) / kLine * runs_ * planes_;
    pace_ = static_cast<int>((lines + calls - 1) / std::max(calls, 1));
}

Part part_of(const Indexed& conv, Share share) {
    const IndexedSpec& spec = *conv.spec;
    const Range rows = spec.split_pixels ? slice(share, spec.height) : Range{0, spec.height};
    return {conv.groups_of(share), conv.tiles_of(share), rows, 0, 0};
}

int steps_of(const Pair& pair, const Indexed& conv, const Layout& out) {
    return (out.height + pair.rows - 1) / pair.rows * conv.groups;
}

Step step_of(const Pair& pair, const Indexed& conv, const Layout& out, int unit) {
    const int chunk = unit / conv.groups, group = unit % conv.groups;  // all groups on the same rows of the input
    const Range rows = {chunk * pair.rows, std::min((chunk + 1) * pair.rows, out.height)};
    const int first = rows.begin * pair.stride - pair.top;
    const int last = (rows.end - 1) * pair.stride - pair.top + pair.reach;
    const auto within = [&](int row) { return std::min(std::max(row, 0), pair.height); };
    const Range inside = {within(first), within(last)};
    const Grid& grid = conv.spec->grid;
    const Range tiles = {inside.begin / grid.rows * grid.columns,
                         (inside.end + grid.rows - 1) / grid.rows * grid.columns};
    const int plane = group * pair.planes;
    const Range planes = {plane, std::min(plane + pair.planes, out.planes())};
    return {
        {{group, group + 1}, tiles, inside, plane, first},
        {planes, rows, {0, (planes.end - planes.begin) * (rows.end - rows.begin)}, plane, first},
    };
}

// Each thread's buffer begins with a cache line.
View own_buffer(View buffer, int thread) {
    const Layout& l = *buffer.layout;
    const std::ptrdiff_t size = (l.planes() * l.plane_step() + kLine - 1) / kLine * kLine;
    return {buffer.data + thread * size, buffer.layout};
}

}  // namespace NPAS_NAMESPACE
