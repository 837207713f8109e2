// Pooling and the other layers without weights.
#include <algorithm>
#include <cmath>
#include <limits>

#include "npas/layers.h"
#include "npas/simd.h"
#include "runtime_checks.h"

namespace {

void test_pool_of(int block, int h, int w, Window k, int out_h, int out_w, int threads) {
    const int channels = block + 3;
    Tensor in(padded(channels, h, w, 1, 1, 0, 0, block)), most(padded(channels, out_h, out_w, 0, 1, 1, 1, block)),
        mean(most.layout), all(most.layout);
    in.fill();
    for (float& x : in.data) x = x == -77.0f ? 1e9f : -x;  // negative pixels; margins that must not be looked at
    by(threads, [&](Share share) { max_pool(k, in.view(), most.view(), share); });
    by(threads, [&](Share share) { average_pool(k, false, in.view(), mean.view(), share); });
    by(threads, [&](Share share) { average_pool(k, true, in.view(), all.view(), share); });
    for (int c = 0; c < channels; ++c) {
        for (int y = 0; y < out_h; ++y) {
            for (int x = 0; x < out_w; ++x) {
                float best = -std::numeric_limits<float>::infinity();
                double sum = 0.0;
                int count = 0;
                for (int i = 0; i < k.height; ++i) {
                    for (int j = 0; j < k.width; ++j) {
                        const int row = y * k.stride_y + i * k.dilation_y - k.top;
                        const int column = x * k.stride_x + j * k.dilation_x - k.left;
                        if (row < 0 || row >= h || column < 0 || column >= w) continue;
                        best = std::max(best, in.at(c, row, column));
                        sum += in.at(c, row, column);
                        ++count;
                    }
                }
                CHECK(most.at(c, y, x) == best);
                if (count > 0) CHECK(std::fabs(mean.at(c, y, x) - sum / count) <= 1e-6 * std::fabs(sum));
                CHECK(std::fabs(all.at(c, y, x) - sum / (k.height * k.width)) <= 1e-6 * std::fabs(sum));
            }
        }
    }
    CHECK(most.dirty_margins() == 0 && mean.dirty_margins() == 0 && all.dirty_margins() == 0);
}

void test_pool(int h, int w, Window k, int out_h, int out_w, int threads) {
    for (const int block : {1, kLanes}) test_pool_of(block, h, w, k, out_h, out_w, threads);
}

void test_pools() {
    test_pool(6, 6, {2, 2, 2, 2, 0, 0, 1, 1, 6}, 3, 3, 1);
    test_pool(7, 5, {3, 3, 2, 2, 1, 1, 1, 1, 7}, 4, 3, 2);
    test_pool(1, 1, {3, 3, 1, 1, 1, 1, 1, 1, 1}, 1, 1, 3);
    test_pool(5, 9, {1, 4, 3, 1, 0, 2, 1, 1, 5}, 2, 10, 4);
    test_pool(9, 40, {3, 3, 1, 1, 2, 3, 2, 3, 9}, 9, 40, 2);
    test_pool(11, 40, {2, 3, 2, 2, 0, 1, 3, 2, 11}, 4, 19, 3);
    // Windows wholly in the padding, before the image and behind it: nothing wins, which is minus infinity.
    test_pool(2, 2, {2, 2, 2, 2, 2, 2, 1, 1, 2}, 4, 4, 1);
    test_pool(3, 3, {1, 1, 1, 1, 3, 4, 1, 1, 3}, 9, 11, 2);
}

void test_global_pool(int channels, int block, int threads) {
    Tensor in(padded(channels, 3, 7, 1, 1, 1, 1, block)), mean(compact(channels, 1, 1));
    in.fill();
    by(threads, [&](Share share) { global_average_pool(in.view(), mean.view(), share); });
    for (int c = 0; c < channels; ++c) {
        CHECK(std::fabs(mean.at(c, 0, 0) - (c * 10000.0f + 104.0f)) <= 1e-6f * (c * 10000.0f + 104.0f));
    }
}

// Three parts, whose first channels stand anywhere in a pixel.
void test_concat(int first, int second, int third, int from_block, int to_block, int threads) {
    const int counts[] = {first, second, third};
    Tensor joined(padded(first + second + third, 3, 7, 0, 2, 1, 1, to_block));
    int begin = 0;
    for (int i = 0; i < 3; ++i) {
        Tensor part(padded(counts[i], 3, 7, i, 1, 0, 1, from_block));
        part.fill();
        by(threads, [&](Share share) { copy_channels(part.view(), joined.view(), begin, share); });
        begin += counts[i];
    }
    CHECK(joined.dirty_margins() == 0 && joined.dirty_lanes() == 0);
    for (int c = 0; c < begin; ++c) {
        const int own = c < first ? c : c < first + second ? c - first : c - first - second;
        for (int y = 0; y < 3; ++y) {
            for (int x = 0; x < 7; ++x) CHECK(joined.at(c, y, x) == static_cast<float>(own * 10000 + y * 100 + x + 1));
        }
    }
}

void test_the_rest() {
    for (const int block : {1, kLanes}) {
        for (int threads = 1; threads <= 4; ++threads) {
            for (const int channels : {1, 5, kLanes, 2 * kLanes + 1}) test_global_pool(channels, block, threads);
            for (const int to_block : {1, kLanes}) {
                test_concat(5, 4, 1, block, to_block, threads);
                test_concat(kLanes, kLanes + 3, 2 * kLanes, block, to_block, threads);
                test_concat(1, 3 * kLanes + 1, kLanes - 2, block, to_block, threads);
            }
        }
    }
}
}  // namespace

void test_layers() {
    test_pools();
    test_the_rest();
}
