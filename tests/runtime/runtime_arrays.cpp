// Layers on plain arrays of any rank.
#include <cmath>
#include <vector>

#include "npas/arrays.h"
#include "runtime_checks.h"

namespace {

Layout row(int count) { return compact(count, 1, 1); }

// Every share count from 1 to 5 gives what one share gives.
template <class Layer>
std::vector<float> same_for_any_share(int count, Layer layer) {
    Tensor first(row(count));
    by(1, [&](Share share) { layer(first.view(), share); });
    for (int threads = 2; threads <= 5; ++threads) {
        Tensor other(row(count));
        by(threads, [&](Share share) { layer(other.view(), share); });
        CHECK(other.data == first.data);
    }
    return first.data;
}

void test_moves() {
    Tensor in(row(24));
    for (int i = 0; i < 24; ++i) in.data[static_cast<std::size_t>(i)] = static_cast<float>(i);
    // [2, 3, 4] -> [4, 2, 3], by progressions alone.
    const MoveAxis turned[] = {
        {4, {nullptr, 1}, {nullptr, 6}}, {2, {nullptr, 12}, {nullptr, 3}}, {3, {nullptr, 4}, {nullptr, 1}}};
    const Move transpose = {turned, 3, 0, 0, 0.0f, false};
    const auto got = same_for_any_share(24, [&](View out, Share share) { move(transpose, in.view(), out, share); });
    for (int k = 0; k < 4; ++k) {
        for (int i = 0; i < 2; ++i) {
            for (int j = 0; j < 3; ++j) {
                CHECK(got[static_cast<std::size_t>(k * 6 + i * 3 + j)] == static_cast<float>(i * 12 + j * 4 + k));
            }
        }
    }
    // Rows 5, outside and 1 of [6, 4], the columns backwards with one more on either side.
    static constexpr std::int32_t kRows[] = {20, kOutside, 4}, kColumns[] = {kOutside, 3, 2, 1, 0, kOutside};
    const MoveAxis padded[] = {{3, {kRows, 0}, {nullptr, 6}}, {6, {kColumns, 0}, {nullptr, 1}}};
    const Move pad = {padded, 2, 0, 0, 0.5f, true};
    const auto wide = same_for_any_share(18, [&](View out, Share share) { move(pad, in.view(), out, share); });
    const std::vector<float> wanted = {0.5f, 23,   22,   21,   20, 0.5f, 0.5f, 0.5f, 0.5f,
                                       0.5f, 0.5f, 0.5f, 0.5f, 7,  6,    5,    4,    0.5f};
    CHECK(wide == wanted);
    // One axis, to every other place from the second on.
    const MoveAxis apart[] = {{4, {nullptr, 1}, {nullptr, 2}}};
    const Move spread = {apart, 1, 3, 1, 0.0f, false};
    const auto sparse = same_for_any_share(9, [&](View out, Share share) { move(spread, in.view(), out, share); });
    for (int i = 0; i < 4; ++i) CHECK(sparse[static_cast<std::size_t>(2 * i + 1)] == static_cast<float>(i + 3));
    CHECK(sparse[0] == -77.0f && sparse[8] == -77.0f);
}

void test_clear() {
    for (int threads = 1; threads <= 3; ++threads) {
        Tensor value(padded(5, 3, 4, 1, 2, 1, 0, 4));
        by(threads, [&](Share share) { clear(value.view(), share); });
        for (const float x : value.data) CHECK(x == 0.0f);
    }
}

void test_rows() {
    Tensor in(row(12));
    in.data = {1, 2, 3, 6, -1, 5, 5, 0, 0.5f, 0.25f, -4, 2};
    const auto one = [&](auto layer) {
        return same_for_any_share(3, [&](View out, Share share) { layer(3, 4, in.view(), out, share); });
    };
    CHECK((one(reduce_sum) == std::vector<float>{12, 9, -1.25f}));
    CHECK((one(reduce_mean) == std::vector<float>{3, 2.25f, -0.3125f}));
    CHECK((one(reduce_max) == std::vector<float>{6, 5, 2}));
    CHECK((one(reduce_min) == std::vector<float>{1, -1, -4}));
    CHECK((one(reduce_prod) == std::vector<float>{36, 0, -1}));
    const auto all = [&](auto layer) {
        return same_for_any_share(12, [&](View out, Share share) { layer(3, 4, in.view(), out, share); });
    };
    CHECK((all(hardmax) == std::vector<float>{0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1}));
    const auto shares = all(softmax), logarithms = all(log_softmax);
    for (std::size_t i = 0; i < 12; ++i) CHECK(std::fabs(std::log(shares[i]) - logarithms[i]) < 1e-5f);
    Tensor large(row(4)), out(row(4));
    large.data = {1000.0f, 999.0f, -1000.0f, 1000.0f};
    softmax(1, 4, large.view(), out.view(), {0, 1});
    CHECK(std::fabs(out.data[0] + out.data[1] + out.data[2] + out.data[3] - 1.0f) < 1e-6f);
    CHECK(std::fabs(out.data[1] / out.data[0] - 0.36787944f) < 1e-6f && out.data[2] == 0.0f);
    const auto even =
        same_for_any_share(12, [&](View to, Share share) { normalize(3, 4, 0.0f, in.view(), to, share); });
    for (std::size_t r = 0; r < 3; ++r) {
        float sum = 0.0f, squares = 0.0f;
        for (std::size_t i = 4 * r; i < 4 * r + 4; ++i) {
            sum += even[i];
            squares += even[i] * even[i];
        }
        CHECK(std::fabs(sum) < 1e-5f && std::fabs(squares - 4.0f) < 1e-5f);
    }
}

void test_products() {
    // [2, 3, 5] x [2, 5, 11]: wider than a vector, and a rest.
    const Matrices shape = {2, 3, 5, 11};
    Tensor a(row(30)), b(row(110));
    for (std::size_t i = 0; i < a.data.size(); ++i) a.data[i] = static_cast<float>(i % 7) - 3.0f;
    for (std::size_t i = 0; i < b.data.size(); ++i) b.data[i] = static_cast<float>(i % 5) - 2.0f;
    const auto got =
        same_for_any_share(66, [&](View out, Share share) { matmul(shape, a.view(), b.view(), out, share); });
    for (std::size_t n = 0; n < 2; ++n) {
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 11; ++j) {
                float sum = 0.0f;
                for (std::size_t k = 0; k < 5; ++k) sum += a.data[n * 15 + i * 5 + k] * b.data[n * 55 + k * 11 + j];
                CHECK(got[n * 33 + i * 11 + j] == sum);
            }
        }
    }
    static constexpr std::int32_t kIndices[] = {0, 1, 2, 2};
    static constexpr float kWeights[] = {0.25f, 0.75f, 1.0f, 2.0f};
    const Resampling taps = {2, 3, 5, 2, 2, kIndices, kWeights};
    const auto sums = same_for_any_share(20, [&](View out, Share share) { resample(taps, a.view(), out, share); });
    for (std::size_t n = 0; n < 2; ++n) {
        for (std::size_t i = 0; i < 5; ++i) {
            const float* from = a.data.data() + n * 15 + i;
            CHECK(sums[n * 10 + i] == 0.25f * from[0] + 0.75f * from[5]);
            CHECK(sums[n * 10 + 5 + i] == 3.0f * from[10]);
        }
    }
}

}  // namespace

void test_arrays() {
    test_moves();
    test_clear();
    test_rows();
    test_products();
}
