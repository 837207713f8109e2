// Times inferences: bench WEIGHTS [--threads N] [--warmup-runs N] [--warmup-s S] [--runs N] [--min-s S] [--profile]
//
// Prints one JSON object: every timed run in milliseconds, and with --profile the median of each layer (measured in
// runs of their own: looking on between layers costs time). Inputs are fixed pseudo-random numbers.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "npas/model.h"

using namespace NPAS_NAMESPACE;

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    const char* weights = nullptr;
    int threads = 1, warmup_runs = 10, runs = 100;
    double warmup_s = 0.5, min_s = 0.0;
    bool profile = false;
};

bool parse(int argc, char** argv, Options& o) {
    for (int i = 1; i < argc; ++i) {
        const char* name = argv[i];
        if (std::strcmp(name, "--profile") == 0) {
            o.profile = true;
        } else if (std::strncmp(name, "--", 2) != 0) {
            if (o.weights != nullptr) return false;
            o.weights = name;
        } else {
            if (++i == argc) return false;
            const double number = std::atof(argv[i]);
            if (std::strcmp(name, "--threads") == 0) {
                o.threads = static_cast<int>(number);
            } else if (std::strcmp(name, "--warmup-runs") == 0) {
                o.warmup_runs = static_cast<int>(number);
            } else if (std::strcmp(name, "--warmup-s") == 0) {
                o.warmup_s = number;
            } else if (std::strcmp(name, "--runs") == 0) {
                o.runs = static_cast<int>(number);
            } else if (std::strcmp(name, "--min-s") == 0) {
                o.min_s = number;
            } else {
                return false;
            }
        }
    }
    return o.weights != nullptr && o.threads >= 1 && o.threads <= 256 && o.runs >= 1 && o.warmup_runs >= 0;
}

std::size_t size(const Layout& l) { return static_cast<std::size_t>(l.channels) * static_cast<std::size_t>(l.plane); }

struct Arrays {
    std::vector<std::vector<float>> storage;
    std::vector<const float*> inputs;
    std::vector<float*> outputs;

    explicit Arrays(const Description& d) {
        std::uint32_t state = 1;
        for (int i = 0; i < d.input_count; ++i) {
            storage.emplace_back(size(d.inputs[i]));
            for (float& x : storage.back()) {
                state = state * 1664525u + 1013904223u;
                x = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
            }
            inputs.push_back(storage.back().data());
        }
        for (int i = 0; i < d.output_count; ++i) {
            storage.emplace_back(size(d.outputs[i]));
            outputs.push_back(storage.back().data());
        }
    }
};

double milliseconds(Clock::time_point since) {
    return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

class Profile : public Observer {
  public:
    explicit Profile(int layers) : times(static_cast<std::size_t>(layers)) {}
    bool wants(int) override { return true; }
    void before(int) override { start_ = Clock::now(); }
    void after(int layer) override { times[static_cast<std::size_t>(layer)].push_back(milliseconds(start_)); }

    std::vector<std::vector<double>> times;

  private:
    Clock::time_point start_;
};

// Runs until both bounds are reached.
template <typename F>
void repeat(int runs, double seconds, F run) {
    const auto start = Clock::now();
    for (int i = 0; i < runs || milliseconds(start) < seconds * 1e3; ++i) run();
}

double median(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    const std::size_t n = v.size();
    return n == 0 ? 0.0 : (v[(n - 1) / 2] + v[n / 2]) / 2.0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        std::fprintf(stderr,
                     "usage: bench WEIGHTS [--threads N] [--warmup-runs N] [--warmup-s S] [--runs N] [--min-s S] "
                     "[--profile]\n");
        return 2;
    }
    const Description& d = description();
    Weights weights;
    std::unique_ptr<Model> model;
    Status status = Weights::read(options.weights, d.fingerprint, d.sections, weights);
    if (status == Status::ok) status = Model::create(d, std::move(weights), options.threads, model);
    if (status != Status::ok) {
        std::fprintf(stderr, "%s: cannot be loaded, status %d\n", options.weights, static_cast<int>(status));
        return 1;
    }
    Arrays arrays(d);
    const auto run = [&](Observer* observer) { model->run(arrays.inputs.data(), arrays.outputs.data(), observer); };

    repeat(options.warmup_runs, options.warmup_s, [&] { run(nullptr); });
    std::vector<double> times;
    repeat(options.runs, options.min_s, [&] {
        const auto start = Clock::now();
        run(nullptr);
        times.push_back(milliseconds(start));
    });

    std::printf("{\"times_ms\": [");
    for (std::size_t i = 0; i < times.size(); ++i) std::printf("%s%.6f", i ? ", " : "", times[i]);
    std::printf("]");
    if (options.profile) {
        Profile profile(d.layer_count);
        repeat(options.runs, options.min_s, [&] { run(&profile); });
        std::printf(", \"layers_ms\": [");
        for (int i = 0; i < d.layer_count; ++i) {
            std::printf("%s{\"name\": \"%s\", \"median_ms\": %.6f}", i ? ", " : "", d.layers[i].name,
                        median(profile.times[static_cast<std::size_t>(i)]));
        }
        std::printf("]");
    }
    std::printf("}\n");
    return 0;
}
