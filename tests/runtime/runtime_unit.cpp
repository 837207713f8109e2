// Tests of the hand-written runtime by itself: prints what fails, and ends with how much was checked.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "npas/indexed.h"
#include "npas/layers.h"
#include "npas/model.h"
#include "npas/simd.h"
#include "npas/team.h"
#include "npas/tensor.h"

using namespace NPAS_NAMESPACE;

namespace {

int failures = 0;
long checks = 0;

#define CHECK(condition)                                                         \
    do {                                                                         \
        ++checks;                                                                \
        if (!(condition)) {                                                      \
            if (++failures <= 20) std::printf("%d: %s\n", __LINE__, #condition); \
        }                                                                        \
    } while (false)

// ---- Team ----

struct Rounds {
    Team* team;
    int barriers;
    std::vector<int> places;  // not atomic: the barriers order what the threads write
    std::atomic<int> calls{0}, wrong{0};
};

void in_step(void* context, int thread) {
    Rounds& r = *static_cast<Rounds*>(context);
    const int threads = r.team->size();
    ++r.calls;
    for (int i = 1; i <= r.barriers; ++i) {
        r.places[static_cast<std::size_t>(thread)] = i;
        r.team->barrier();
        for (int t = 0; t < threads; ++t) {
            if (r.places[static_cast<std::size_t>(t)] != i) ++r.wrong;
        }
        r.team->barrier();
    }
    r.places[static_cast<std::size_t>(thread)] = -1;
}

void test_team(int threads, int rounds, bool sleep) {
    Team team(threads);
    CHECK(team.size() == threads);
    Rounds r{&team, 5, std::vector<int>(static_cast<std::size_t>(threads), 0), {}, {}};
    for (int i = 0; i < rounds; ++i) {
        if (sleep) std::this_thread::sleep_for(std::chrono::milliseconds(20));  // long enough to fall asleep
        team.run(in_step, &r);
        for (const int place : r.places) CHECK(place == -1);  // all are done when run() returns
    }
    CHECK(r.calls == threads * rounds);
    CHECK(r.wrong == 0);
}

void test_teams() {
    for (int threads = 1; threads <= 4; ++threads) {
        test_team(threads, 60, false);
        test_team(threads, 5, true);
        Team unused(threads);  // ends without ever having run, awake
    }
    Team asleep(4);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

// ---- tensors ----

struct Tensor {
    Layout layout;
    std::vector<float> data;

    // Everything, margins too, holds a number that no test writes.
    explicit Tensor(const Layout& l)
        : layout(l), data(static_cast<std::size_t>(l.planes() * l.plane_step()), -77.0f) {}
    View view() { return {data.data() + static_cast<std::ptrdiff_t>(layout.origin) * layout.block, &layout}; }
    float& at(int c, int y, int x) {
        const int pixel = c / layout.block * layout.plane + layout.origin + y * layout.pitch + x;
        return data[static_cast<std::size_t>(pixel * layout.block + c % layout.block)];
    }
    void fill() {
        for (int c = 0; c < layout.channels; ++c) {
            for (int y = 0; y < layout.height; ++y) {
                for (int x = 0; x < layout.width; ++x) at(c, y, x) = static_cast<float>(c * 10000 + y * 100 + x + 1);
            }
        }
    }
    // Whether pixel i of a plane is one of the image.
    bool pixel(int i) const {
        const int p = i - layout.origin;
        return p >= 0 && p / layout.pitch < layout.height && p % layout.pitch < layout.width;
    }
    // Floats that are not of a pixel, in all lanes, or of the lanes that no channel has, and not zero.
    int dirty_margins() const { return dirty([&](int i, int) { return !pixel(i); }); }
    int dirty_lanes() const {
        return dirty([&](int i, int channel) { return pixel(i) && channel >= layout.channels; });
    }

   private:
    template <typename Chosen>
    int dirty(Chosen chosen) const {
        int count = 0;
        for (int i = 0; i < layout.planes() * layout.plane; ++i) {
            for (int k = 0; k < layout.block; ++k) {
                const int channel = i / layout.plane * layout.block + k;
                count += chosen(i % layout.plane, channel) && data[static_cast<std::size_t>(i * layout.block + k)] != 0.0f;
            }
        }
        return count;
    }
};

Layout compact(int c, int h, int w) { return {c, h, w, w, 0, h * w, 1}; }
Layout padded(int c, int h, int w, int top, int left, int bottom, int right, int block = 1) {
    const int pitch = w + std::max(left, right), origin = top * pitch + left;
    return {c, h, w, pitch, origin, origin + (h - 1 + bottom) * pitch + w + right + 3, block};
}
// Nothing but pixels.
Layout gapless(int c, int h, int w, int block) { return {c, h, w, w, 0, h * w, block}; }

// What the threads do one after the other.
template <typename F>
void by(int threads, F work) {
    for (int t = 0; t < threads; ++t) work(Share{t, threads});
}

const int kShapes[][3] = {{1, 1, 1}, {3, 5, 7}, {5, 1, 9}, {2, 9, 1}, {7, 4, 4}, {17, 3, 2}, {32, 2, 5}};

void test_copy() {
    for (const auto& s : kShapes) {
        const Layout layouts[] = {compact(s[0], s[1], s[2]), padded(s[0], s[1], s[2], 0, 0, 0, 0),
                                  padded(s[0], s[1], s[2], 1, 1, 1, 1), padded(s[0], s[1], s[2], 2, 3, 0, 1),
                                  gapless(s[0], s[1], s[2], kLanes),    padded(s[0], s[1], s[2], 0, 2, 1, 1, kLanes),
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

// ---- pooling and the like ----

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
                        const int row = y * k.stride_y + i - k.top, column = x * k.stride_x + j - k.left;
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
    test_pool(6, 6, {2, 2, 2, 2, 0, 0}, 3, 3, 1);
    test_pool(7, 5, {3, 3, 2, 2, 1, 1}, 4, 3, 2);
    test_pool(1, 1, {3, 3, 1, 1, 1, 1}, 1, 1, 3);
    test_pool(5, 9, {1, 4, 3, 1, 0, 2}, 2, 10, 4);
    // Windows wholly in the padding, before the image and behind it: nothing wins, which is minus infinity.
    test_pool(2, 2, {2, 2, 2, 2, 2, 2}, 4, 4, 1);
    test_pool(3, 3, {1, 1, 1, 1, 3, 4}, 9, 11, 2);
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

    Tensor scores(compact(4, 1, 1)), shares(compact(4, 1, 1));
    scores.data = {1000.0f, 999.0f, -1000.0f, 1000.0f};
    by(2, [&](Share share) { softmax(scores.view(), shares.view(), share); });
    CHECK(std::fabs(shares.data[0] + shares.data[1] + shares.data[2] + shares.data[3] - 1.0f) < 1e-6f);
    CHECK(std::fabs(shares.data[1] / shares.data[0] - 0.36787944f) < 1e-6f && shares.data[2] == 0.0f);
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
            CHECK(next == count);
        }
    }
    const Range last = slice({255, 256}, std::numeric_limits<int>::max());
    CHECK(last.end == std::numeric_limits<int>::max() && last.begin > 0);
}

// ---- vectors ----

double ulp(double x) {
    const int exponent = std::max(std::ilogb(x), -126);
    return std::ldexp(1.0, exponent - 23);
}

// The greatest distance from the exact value, in units of its last place, over [low, high].
template <typename F, typename Exact>
double worst(F f, Exact exact, float low, float high) {
    double most = 0.0;
    const int steps = 200000;
    for (int i = 0; i <= steps; i += kLanes) {
        vec x = splat(0.0f);
        for (int k = 0; k < kLanes; ++k) {
            const int place = std::min(i + k, steps);
            x[k] = static_cast<float>(low + (static_cast<double>(high) - low) * place / steps);
        }
        const vec y = f(x);
        for (int k = 0; k < kLanes; ++k) {
            const double wanted = exact(static_cast<double>(x[k]));
            most = std::max(most, std::fabs(y[k] - wanted) / ulp(wanted));
        }
    }
    return most;
}

double logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }

void within(const char* name, double ulps, double bound) {
    ++checks;
    std::printf("# %s: %.2f ulp of %g\n", name, ulps, bound);
    if (ulps <= bound) return;
    ++failures;
}

void test_functions() {
    within("exp", worst([](vec x) { return exp(x); }, [](double x) { return std::exp(x); }, -87.0f, 88.0f), 2.0);
    within("sigmoid", worst([](vec x) { return sigmoid(x); }, logistic, -87.0f, 87.0f), 34.0);
    within("silu", worst([](vec x) { return silu(x); }, [](double x) { return x * logistic(x); }, -80.0f, 80.0f), 34.0);
    within("tanh", worst([](vec x) { return tanh(x); }, [](double x) { return std::tanh(x); }, -12.0f, 12.0f), 4.0);
    const auto swish = [](double x) { return x * std::min(std::max(x + 3.0, 0.0), 6.0) / 6.0; };
    within("hard_swish", worst([](vec x) { return hard_swish(x); }, swish, -4.0f, 10.0f), 4.0);
    within("hard_swish, small", worst([](vec x) { return hard_swish(x); }, swish, -1e-3f, 1e-3f), 4.0);
    CHECK(exp(splat(-1000.0f))[0] < 2e-38f && exp(splat(1000.0f))[0] > 1e38f);
    CHECK(sigmoid(splat(-1000.0f))[0] < 1e-37f && sigmoid(splat(1000.0f))[0] == 1.0f);
    CHECK(hard_swish(splat(-3.0f))[0] == 0.0f && hard_swish(splat(-100.0f))[0] == 0.0f);
    CHECK(hard_sigmoid(splat(-4.0f))[0] == 0.0f && hard_sigmoid(splat(4.0f))[0] == 1.0f);
}

void test_special_values() {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    const float first[] = {nan, inf, -inf, -0.0f};
    for (const float x : first) {
        const vec v = splat(x);
        CHECK(std::memcmp(&x, &v, sizeof x) == 0 || std::isnan(x));
        for (int k = 0; k < kLanes; ++k) CHECK(std::isnan(x) ? std::isnan(v[k]) : v[k] == x);
    }
    CHECK(std::signbit(splat(-0.0f)[0]));
    CHECK(std::isnan(relu(splat(nan))[0]) && relu(splat(-inf))[0] == 0.0f && relu(splat(inf))[0] == inf);
    CHECK(std::isnan(clip(splat(nan), 0.0f, 6.0f)[0]) && clip(splat(inf), 0.0f, 6.0f)[0] == 6.0f);
    CHECK(std::isnan(sigmoid(splat(nan))[0]) && std::isnan(silu(splat(nan))[0]));
    CHECK(std::isnan(hard_swish(splat(nan))[0]) && std::isnan(tanh(splat(nan))[0]) && std::isnan(gelu(splat(nan))[0]));
    ivec none = {}, every = ~none;
    for (const float x : first) {
        CHECK(keep(splat(x), none)[0] == 0.0f && !std::signbit(keep(splat(x), none)[kLanes - 1]));
    }
    CHECK(keep(splat(inf), every)[0] == inf);
    float unaligned[kLanes + 1] = {};
    store(unaligned + 1, splat(3.0f));
    CHECK(unaligned[0] == 0.0f && unaligned[kLanes] == 3.0f && load(unaligned + 1)[kLanes - 1] == 3.0f);
}

}  // namespace

int main(int argc, char** argv) {
    const bool threads_only = argc > 1 && std::strcmp(argv[1], "team") == 0;
    test_teams();
    if (!threads_only) {
        test_slices();
        test_copy();
        test_splits();
        test_margins();
        test_all_gaps();
        test_pools();
        test_the_rest();
        test_functions();
        test_special_values();
    }
    std::printf("%ld checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
