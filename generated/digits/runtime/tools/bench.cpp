// Times inferences: bench WEIGHTS [--threads N] [--warmup-runs N] [--warmup-s S] [--runs N] [--min-s S] [--profile]
//
// Prints one JSON object: how long it took to load the model and every timed run, in milliseconds, and with --profile
// the median and the least of each layer (measured in runs of their own: looking on between layers costs time). Inputs
// are fixed pseudo-random numbers.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "npas/model.h"

using namespace NPAS_NAMESPACE;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMostRuns = 10000000;
constexpr double kMostSeconds = 86400.0;

struct Options {
    const char* weights = nullptr;
    int threads = 1, warmup_runs = 10, runs = 100;
    double warmup_s = 0.5, min_s = 0.0;
    bool profile = false;
};

// The whole of `text` as a number within bounds.
bool number(const char* text, double low, double high, double& out) {
    char* end = nullptr;
    out = std::strtod(text, &end);
    return end != text && *end == '\0' && out >= low && out <= high;
}

bool count(const char* text, int low, int high, int& out) {
    double value = 0.0;
    if (!number(text, low, high, value) || value != std::floor(value)) return false;
    out = static_cast<int>(value);
    return true;
}

bool parse_value(const char* name, const char* text, Options& o) {
    if (std::strcmp(name, "--threads") == 0) return count(text, 1, kMostThreads, o.threads);
    if (std::strcmp(name, "--warmup-runs") == 0) return count(text, 0, kMostRuns, o.warmup_runs);
    if (std::strcmp(name, "--warmup-s") == 0) return number(text, 0.0, kMostSeconds, o.warmup_s);
    if (std::strcmp(name, "--runs") == 0) return count(text, 1, kMostRuns, o.runs);
    if (std::strcmp(name, "--min-s") == 0) return number(text, 0.0, kMostSeconds, o.min_s);
    return false;
}

bool parse(int argc, char** argv, Options& o) {
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--profile") == 0) {
            o.profile = true;
        } else if (std::strncmp(argv[i], "--", 2) == 0) {
            if (i + 1 == argc || !parse_value(argv[i], argv[i + 1], o)) return false;
            ++i;
        } else {
            if (o.weights != nullptr) return false;
            o.weights = argv[i];
        }
    }
    return o.weights != nullptr;
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
    void after(int layer, double ms) override { times[static_cast<std::size_t>(layer)].push_back(ms); }

    std::vector<std::vector<double>> times;
};

// Runs until both bounds are reached.
template <typename F>
void repeat(int runs, double seconds, F run) {
    const auto start = Clock::now();
    for (int i = 0; i < runs || milliseconds(start) < seconds * 1e3; ++i) run();
}

// What went wrong, and the exit status that says who is to blame: see status_exit.
int fail(const char* weights, Status status, const std::string& why) {
    std::fprintf(stderr, "%s: %s%s%s\n", weights, status_text(status), why.empty() ? "" : ": ", why.c_str());
    return status_exit(status);
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
    const auto begun = Clock::now();
    std::string why;
    Status status = Weights::read(options.weights, d.fingerprint, d.sections, weights);
    if (status == Status::ok) status = Model::create(d, std::move(weights), options.threads, model, why);
    if (status != Status::ok) return fail(options.weights, status, why);
    const double create_ms = milliseconds(begun);
    Arrays arrays(d);
    const auto run = [&](Observer* observer) {
        if (status == Status::ok) status = model->run(arrays.inputs.data(), arrays.outputs.data(), observer);
    };

    repeat(options.warmup_runs, options.warmup_s, [&] { run(nullptr); });
    std::vector<double> times;
    repeat(options.runs, options.min_s, [&] {
        const auto start = Clock::now();
        run(nullptr);
        times.push_back(milliseconds(start));
    });
    if (status != Status::ok) return fail(options.weights, status, model->why());

    std::printf("{\"create_ms\": %.6f, \"times_ms\": [", create_ms);
    for (std::size_t i = 0; i < times.size(); ++i) std::printf("%s%.6f", i ? ", " : "", times[i]);
    std::printf("]");
    if (options.profile) {
        Profile profile(d.layer_count);
        repeat(std::max(options.runs, 1), options.min_s, [&] { run(&profile); });
        if (status != Status::ok) return fail(options.weights, status, model->why());
        std::printf(", \"layers_ms\": [");
        for (int i = 0; i < d.layer_count; ++i) {
            const std::vector<double>& layer = profile.times[static_cast<std::size_t>(i)];
            std::printf("%s{\"name\": \"%s\", \"median_ms\": %.6f, \"least_ms\": %.6f}", i ? ", " : "",
                        d.layers[i].name, median(layer), *std::min_element(layer.begin(), layer.end()));
        }
        std::printf("]");
    }
    std::printf("}\n");
    return std::fflush(stdout) == 0 ? 0 : 1;
}
