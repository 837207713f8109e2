// Copies, phase splits, margins and gaps: what moves values between layouts.
#include <algorithm>
#include <limits>

#include "npas/simd.h"
#include "npas/tensor.h"
#include "runtime_checks.h"

namespace {

const int kShapes[][3] = {{1, 1, 1}, {3, 5, 7}, {5, 1, 9}, {2, 9, 1}, {7, 4, 4}, {17, 3, 2}, {32, 2, 5}};

void test_copy() {
    for (const auto& s : kShapes) {
        const Layout layouts[] = {compact(s[0], s[1], s[2]),
                                  padded(s[0], s[1], s[2], 0, 0, 0, 0),
                                  padded(s[0], s[1], s[2], 1, 1, 1, 1),
                                  padded(s[0], s[1], s[2], 2, 3, 0, 1),
                                  gapless(s[0], s[1], s[2], kLanes),
                                  padded(s[0], s[1], s[2], 0, 2, 1, 1, kLanes),
                                  padded(s[0], s[1], s[2], 2, 0, 0, 1, kLanes)};
        for (const Layout& from : layouts) {
            for (const Layout& to : layouts) {
                for (int threads = 1; threads <= 4; ++threads) {
                    Tensor a(from), b(to);
                    a.fill();
                    by(threads, [&](Share share) { copy(a.view(), b.view(), share); });
                    for (int c = 0; c < s[0]; ++c) {
                        for (int y = 0; y < s[1]; ++y) {
                            for (int x = 0; x < s[2]; ++x) CHECK(b.at(c, y, x) == a.at(c, y, x));
                        }
                    }
                    CHECK(b.dirty_margins() == 0 && b.dirty_lanes() == 0);
                }
            }
        }
    }
}

void test_split(int h, int w, int kernel, int stride_y, int stride_x, int top, int left, int threads, int block) {
    const Phase phases[] = {{0, 0}, {0, 1}, {1, 0}, {stride_y - 1, stride_x - 1}};
    const Split split = {phases, 4, stride_y, stride_x, top, left};
    const int out_h = h / stride_y + kernel, out_w = w / stride_x + kernel;
    const int channels = block + 2;
    Tensor a(padded(channels, h, w, 1, 2, 0, 1, block)), b(padded(4 * channels, out_h, out_w, 0, 0, 1, 2));
    a.fill();
    by(threads, [&](Share share) { split_phases(split, a.view(), b.view(), share); });
    for (int c = 0; c < 4 * channels; ++c) {
        for (int y = 0; y < out_h; ++y) {
            for (int x = 0; x < out_w; ++x) {
                const int row = y * stride_y + phases[c % 4].row - top;
                const int column = x * stride_x + phases[c % 4].column - left;
                const bool inside = row >= 0 && row < h && column >= 0 && column < w;
                CHECK(b.at(c, y, x) == (inside ? a.at(c / 4, row, column) : 0.0f));
            }
        }
    }
    CHECK(b.dirty_margins() == 0);
}

void test_splits() {
    const int sizes[][2] = {{1, 1}, {5, 7}, {6, 4}, {2, 9}};
    for (const auto& s : sizes) {
        for (int stride_y = 1; stride_y <= 3; ++stride_y) {
            for (int stride_x = 1; stride_x <= 3; ++stride_x) {
                for (int pad = 0; pad <= 4; pad += 2) {
                    for (const int block : {1, kLanes})
                        test_split(s[0], s[1], 3, stride_y, stride_x, pad, pad + 1, 1 + pad, block);
                }
            }
        }
    }
}

void test_margins() {
    Tensor t(padded(2, 3, 4, 2, 1, 2, 1));
    const int written = 3 * t.layout.pitch;
    clear_margins(t.view(), 1, written);
    for (int i = 0; i < t.layout.plane; ++i) {
        const bool cleared = i < t.layout.origin || i >= t.layout.origin + written;
        CHECK(t.data[static_cast<std::size_t>(t.layout.plane + i)] == (cleared ? 0.0f : -77.0f));
        CHECK(t.data[static_cast<std::size_t>(i)] == -77.0f);
    }
}

void test_gaps(const Layout& layout) {
    for (int threads = 1; threads <= 4; ++threads) {
        Tensor t(layout);
        t.fill();
        by(threads, [&](Share share) { clear_gaps(t.view(), 1, slice(share, layout.height)); });
        // All of the second plane that is not a pixel, whoever clears which rows, and nothing else.
        for (int i = 0; i < layout.planes() * layout.plane * layout.block; ++i) {
            const int pixel = i / layout.block, channel = pixel / layout.plane * layout.block + i % layout.block;
            const int place = pixel % layout.plane - layout.origin;
            const float x = t.data[static_cast<std::size_t>(i)];
            if (!t.pixel(pixel % layout.plane)) {
                CHECK(x == (pixel / layout.plane == 1 ? 0.0f : -77.0f));
            } else if (channel >= layout.channels) {
                CHECK(x == -77.0f);
            } else {
                CHECK(x == static_cast<float>(channel * 10000 + place / layout.pitch * 100 + place % layout.pitch + 1));
            }
        }
    }
    // Some rows only: the margins above the first and below the last are those rows' too.
    Tensor t(layout);
    if (layout.height < 3 || layout.pitch == layout.width) return;
    clear_gaps(t.view(), 0, {1, 2});
    const auto gap = [&](int row) {  // the last float between that row and the next
        return t.data[static_cast<std::size_t>((layout.origin + (row + 1) * layout.pitch) * layout.block - 1)];
    };
    CHECK(gap(0) == -77.0f && gap(1) == 0.0f && gap(2) == -77.0f);
    CHECK(layout.origin == 0 || t.data[0] == -77.0f);
}

void test_all_gaps() {
    for (const int block : {1, kLanes}) {
        const int channels = 2 * block + (block > 1);
        test_gaps(padded(channels, 3, 4, 2, 1, 2, 1, block));
        test_gaps(padded(channels, 5, 1, 0, 0, 0, 3, block));
        test_gaps(padded(channels, 1, 6, 1, 2, 1, 0, block));
        test_gaps(padded(channels, 4, 4, 0, 0, 0, 0, block));
        test_gaps(gapless(channels, 3, 5, block));
    }
}
void test_slices() {
    for (int threads = 1; threads <= 5; ++threads) {
        for (int count = 0; count <= 17; ++count) {
            int next = 0;
            for (int t = 0; t < threads; ++t) {
                const Range r = slice({t, threads}, count);
                CHECK(r.begin == next && r.end >= r.begin && r.end - r.begin <= count / threads + 1);
                next = r.end;
            }
            const Range first = slice({0, threads}, count), last = slice({threads - 1, threads}, count);
            CHECK(next == count && last.end - last.begin <= first.end - first.begin);
        }
    }
    const Range last = slice({255, 256}, std::numeric_limits<int>::max());
    CHECK(last.end == std::numeric_limits<int>::max() && last.begin > 0);
}

}  // namespace

void test_tensors() {
    test_slices();
    test_copy();
    test_splits();
    test_margins();
    test_all_gaps();
}
