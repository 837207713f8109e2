// A model at work: what is allocated for a network, and its inferences.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "npas/config.h"
#include "npas/description.h"
#include "npas/loaded.h"
#include "npas/observer.h"
#include "npas/run.h"
#include "npas/tensor.h"
#include "npas/weights.h"
#include "npas/winograd.h"

namespace NPAS_NAMESPACE {

class Team;

constexpr int kMostThreads = 256;

class Model {
  public:
    // The number of threads is 1 to kMostThreads. The result is null unless the status is ok, which says all: `why`
    // stays as it is.
    static Status create(const Description& description, Weights&& weights, int threads, std::unique_ptr<Model>& out,
                         std::string& why);
    ~Model();
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    // inputs and outputs are compact arrays, as many and as large as the description says.
    Status run(const float* const* inputs, float* const* outputs, Observer* observer = nullptr);
    // A status says all that is known of a failure.
    const char* why() const { return ""; }

    const Description& description() const { return *description_; }
    View view(int value) const;
    // Copies a value to or from a plain array, between runs or while an observer looks on.
    Status read(int value, float* array) const;
    Status write(int value, const float* array);
    Team& team() const { return *team_; }

  private:
    friend class Run;
    Model() = default;
    Status prepare_layers(int threads);
    Status fill_constants();

    const Description* description_ = nullptr;
    Weights weights_;
    std::vector<LoadedIndexed> indexed_;
    std::vector<Depthwise> depthwise_;
    std::vector<LoadedWinograd> winograd_;
    std::vector<std::vector<std::int32_t>> masks_;
    float* arena_ = nullptr;
    // Of each layer, what its threads took so far; on a cache line of its own.
    struct alignas(64) Counter {
        std::atomic<int> value{0};
    };
    std::unique_ptr<Counter[]> counters_;
    std::unique_ptr<Team> team_;
    const float* const* inputs_ = nullptr;
    float* const* outputs_ = nullptr;
};

}  // namespace NPAS_NAMESPACE
