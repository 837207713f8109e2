// The threads that run a model: started once, woken once per inference, in step from layer to layer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

class Team {
  public:
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

    const int size_;
    void (*job_)(void*, int) = nullptr;
    void* context_ = nullptr;
    std::atomic<unsigned> round_{0}, phase_{0};
    std::atomic<int> arrived_{0}, asleep_{0};
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::thread> threads_;
};

}  // namespace NPAS_NAMESPACE
