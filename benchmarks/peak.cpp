// What one core can do at most: multiplications and additions in registers, GFLOP/s, and memory read, GB/s.
// Compiled with -DLANES, floats in a vector.
#include <sys/mman.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

typedef float vec __attribute__((vector_size(LANES * 4)));
using Clock = std::chrono::steady_clock;

// Streams begin in different sets of the caches.
constexpr std::size_t kStreams = 4, kStream = (16 << 20) + 1040, kFloats = kStreams * kStream, kPage = 2 << 20;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Twelve sums: more than a multiplication takes cycles, twice, and few enough for sixteen registers.
double gflops() {
    constexpr int kSums = 12, kTurns = 4'000'000;
    vec sums[kSums] = {}, x = vec{} + 0.5f, y = vec{} + 0.1f;
    const auto begin = Clock::now();
    for (int i = 0; i < kTurns; ++i) {
#pragma GCC unroll 12
        for (vec& sum : sums) {
            sum = sum * x + y;
            asm volatile("" : "+x"(sum));
        }
    }
    return 2.0 * kSums * LANES * kTurns / seconds_since(begin) / 1e9;
}

// Four streams of a value larger than any cache, on large pages, as the runtime keeps its weights.
double gigabytes(const float* data) {
    vec sums[kStreams] = {};
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < kStream; i += LANES) {
        for (std::size_t s = 0; s < kStreams; ++s) {
            vec x;
            __builtin_memcpy(&x, &data[s * kStream + i], sizeof x);
            sums[s] += x;
        }
    }
    const double seconds = seconds_since(begin);
    asm volatile("" : : "m"(sums));
    return 4.0 * kFloats / seconds / 1e9;
}

}  // namespace

int main() {
    float* data = static_cast<float*>(std::aligned_alloc(kPage, (kFloats * sizeof(float) / kPage + 1) * kPage));
    if (data == nullptr) return 1;
    madvise(data, kFloats * sizeof(float), MADV_HUGEPAGE);
    for (std::size_t i = 0; i < kFloats; ++i) data[i] = 1.0f;
    std::printf("%.2f %.2f\n", gflops(), gigabytes(data));
    std::free(data);
}
