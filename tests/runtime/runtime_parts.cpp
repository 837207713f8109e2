// What is fetched ahead: all of a window that will be read, line by line.
#include <algorithm>
#include <set>
#include <vector>

#include "npas/packing.h"
#include "npas/parts.h"
#include "runtime_checks.h"

namespace {

constexpr int kLine = 16;  // floats

std::vector<const float*> fetched(Coming coming, int calls) {
    std::vector<const float*> lines;
    for (int i = 0; i < calls; ++i) coming.fetch([&](const float* line) { lines.push_back(line); });
    coming.fetch([](const float*) { CHECK(!"nothing is left"); });
    return lines;
}

Range within(Range range, int size) { return {std::max(range.begin, 0), std::min(range.end, size)}; }

void test_window(const Layout& layout, Range planes, Range rows, Range columns, int calls) {
    Tensor in(layout);
    const std::vector<const float*> lines = fetched(Coming(in.view(), planes, rows, columns, calls), calls);
    std::set<const float*> covered;
    for (const float* line : lines) {
        for (int i = 0; i < kLine; ++i) covered.insert(line + i);
    }
    rows = within(rows, layout.height);
    columns = within(columns, layout.width);
    for (int p = planes.begin; p < planes.end; ++p) {
        for (int y = rows.begin; y < rows.end; ++y) {
            for (int x = columns.begin; x < columns.end; ++x) {
                const float* pixel = in.view().plane(p) + y * layout.row_step() + x * layout.block;
                for (int k = 0; k < layout.block; ++k) CHECK(covered.count(pixel + k) == 1);
            }
        }
    }
    // At most a line of each row that is not all of the window's.
    const int width =
        std::max(columns.end - columns.begin == layout.width ? layout.pitch : columns.end - columns.begin, 0);
    const int most = (width * layout.block + kLine - 1) / kLine * std::max(rows.end - rows.begin, 0);
    CHECK(static_cast<int>(lines.size()) <= most * (planes.end - planes.begin));
}

void test_windows() {
    for (const int block : {1, kLanes}) {
        const Layout layout = padded(3 * block, 9, 21, 1, 2, 1, 1, block);
        for (const int calls : {1, 7, 1000}) {
            test_window(layout, {0, 3}, {2, 6}, {4, 11}, calls);
            test_window(layout, {1, 2}, {-2, 3}, {-1, 5}, calls);  // above and before the image
            test_window(layout, {0, 3}, {7, 12}, {18, 30}, calls);
            test_window(layout, {0, 3}, {3, 5}, {-1, 22}, calls);  // whole rows
            test_window(layout, {0, 3}, {9, 12}, {0, 21}, calls);  // nothing
            test_window(layout, {0, 3}, {-3, 0}, {4, 11}, calls);
            test_window(layout, {0, 3}, {2, 6}, {21, 25}, calls);
        }
    }
}

// Everything that a tile's copy holds of the image was fetched before.
void test_tiles(const Layout& layout, Packing packing, int height, int width, int window_row, int window_column) {
    std::vector<CopyPart> parts;
    int vectors = 0;
    for (int column = 0; column < window_column; ++column) {
        for (int row = 0; row < window_row; ++row) {
            parts.push_back({row, column, 0, vectors});
            vectors += packing.lines;
        }
    }
    packing.parts = parts.data();
    packing.part_count = static_cast<int>(parts.size());
    packing.vectors = vectors;
    packing.channels = layout.channels;
    packing.last_row = (height - 1) * packing.stride_y + window_row - 1 - packing.top;
    packing.last_column = (width - 1) * packing.stride_x + window_column - 1 - packing.left;
    IndexedSpec spec{};
    spec.channels = layout.channels;
    spec.height = height;
    spec.width = width;
    spec.grid.columns = packing.slot == 0 ? 1 : (width + packing.slot - 1) / packing.slot;
    spec.tiles = (packing.depth + packing.lines - 1) / packing.lines * spec.grid.columns;
    spec.packing = packing;
    Tensor in(layout);
    in.fill();
    const int planes = layout.planes() * kLanes;  // a few channels more than there are may be copied
    std::vector<float> to(static_cast<std::size_t>(planes * vectors * kLanes));
    for (int t = 0; t < spec.tiles; ++t) {
        std::set<float> seen;
        for (const float* line : fetched(coming_tile(spec, in.view(), t, 5), 5)) {
            const float* end = std::min(line + kLine, static_cast<const float*>(in.data.data() + in.data.size()));
            seen.insert(line, end);
        }
        const Lines lines = lines_of(spec, t);
        std::fill(to.begin(), to.end(), 0.0f);
        copy_tile(spec, in.view(), 0, lines, to.data());
        for (const float x : to) CHECK(x <= 0.0f || seen.count(x) == 1);
    }
    CHECK(fetched(coming_tile(spec, in.view(), spec.tiles, 5), 5).empty());
}

Packing packing(int lines, int depth, int slot, int stride, int top, int left) {
    Packing p{};
    p.lines = lines;
    p.depth = depth;
    p.slot = slot;
    p.stride_y = p.stride_x = stride;
    p.top = top;
    p.left = left;
    return p;
}

void test_copies() {
    for (const int block : {1, kLanes}) {
        const int channels = kLanes;
        const int wide = 2 * kLanes + 3, half = kLanes / 2;
        test_tiles(padded(channels, 11, wide, 2, 2, 2, 2, block), packing(4, 11, kLanes, 1, 1, 1), 11, wide, 3, 3);
        test_tiles(padded(channels, 11, wide, 2, 2, 2, 2 * wide, block), packing(3, 6, kLanes, 2, 1, 1), 6,
                   (wide + 1) / 2, 3, 3);
        test_tiles(padded(channels, 7, half, 2, 2, 2 * kLanes, 2, block), packing(2, 4, half, 1, 1, 1), 7, half, 3, 3);
        // Lines that run on under a 1x1 window.
        test_tiles(padded(channels, 9, 5, 0, 0, kLanes, 2, block), packing(2, (45 + kLanes - 1) / kLanes, 0, 1, 0, 0),
                   9, 5, 1, 1);
    }
}

}  // namespace

void test_parts() {
    test_windows();
    test_copies();
}
