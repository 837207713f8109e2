// The threads that run a model: started once, woken once per inference, in step from layer to layer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

constexpr std::size_t kCacheLine = 64;

class Team {
  public:
    // Throws std::system_error or std::bad_alloc where the machine has no more threads or memory.
    explicit Team(int threads);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int size() const { return size_; }

    // Calls job(context, thread) once on every thread, the caller being thread 0, and returns when all are done.
    void run(void (*job)(void*, int), void* context);

    // Inside a job: returns when every thread has come here.
    void barrier();

  private:
    void work(int thread);

    void stop();

    const int size_, spins_;
    // One job: written before `round_` goes up, read after; both lie still until the next.
    void (*job_)(void*, int) = nullptr;
    void* context_ = nullptr;
    // What threads spin on and what they write stand on cache lines of their own: an arrival at the barrier must
    // not take the line away from those who wait.
    alignas(kCacheLine) std::atomic<unsigned> round_{0};
    std::atomic<bool> stop_{false};
    alignas(kCacheLine) std::atomic<unsigned> phase_{0};
    alignas(kCacheLine) std::atomic<int> arrived_{0};
    alignas(kCacheLine) std::atomic<int> asleep_{0};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::thread> threads_;
};

}  // namespace NPAS_NAMESPACE
