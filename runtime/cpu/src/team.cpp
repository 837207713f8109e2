#include "npas/team.h"

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace NPAS_NAMESPACE {

namespace {

// Between two layers the wait is microseconds and a sleep would cost more than it; between two inferences it
// may be long, and a core that spins is a core (and a battery) wasted.
constexpr int kSpins = 20000;
// With more threads than cores, whoever spins keeps from running what it waits for.
constexpr int kSpinsOnFewCores = 50;

void pause() {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace

Team::Team(int threads)
    : size_(threads),
      spins_(static_cast<unsigned>(threads) <= std::thread::hardware_concurrency() ? kSpins : kSpinsOnFewCores) {
    threads_.reserve(static_cast<std::size_t>(threads));
    try {
        for (int i = 1; i < threads; ++i) threads_.emplace_back([this, i] { work(i); });
    } catch (...) {
        stop();
        throw;
    }
}

Team::~Team() { stop(); }

void Team::stop() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        stop_.store(true);
    }
    wake_.notify_all();
    for (auto& t : threads_) t.join();
}

void Team::run(void (*job)(void*, int), void* context) {
    job_ = job;
    context_ = context;
    // Either this thread sees who fell asleep, or who is about to sees the new round: both are sequentially consistent.
    round_.fetch_add(1);
    if (asleep_.load() > 0) {
        const std::lock_guard<std::mutex> lock(mutex_);
        wake_.notify_all();
    }
    job(context, 0);
    barrier();
}

void Team::barrier() {
    if (size_ == 1) return;
    const unsigned phase = phase_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
        arrived_.store(0, std::memory_order_relaxed);  // nobody arrives again before the phase below
        phase_.store(phase + 1, std::memory_order_release);
        return;
    }
    int spins = 0;
    while (phase_.load(std::memory_order_acquire) == phase) {
        if (spins < spins_) {
            ++spins;
            pause();
        } else {
            std::this_thread::yield();
        }
    }
}

void Team::work(int thread) {
    unsigned seen = 0;
    while (true) {
        for (int spins = 0; round_.load() == seen && spins < spins_ && !stop_.load(); ++spins) pause();
        if (round_.load() == seen && !stop_.load()) {
            std::unique_lock<std::mutex> lock(mutex_);
            asleep_.fetch_add(1);
            wake_.wait(lock, [&] { return round_.load() != seen || stop_.load(); });
            asleep_.fetch_sub(1);
        }
        if (stop_.load()) return;
        seen = round_.load();
        job_(context_, thread);
        barrier();
    }
}

}  // namespace NPAS_NAMESPACE
