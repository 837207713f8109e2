// Tests of the hand-written runtime by itself: prints what fails, and ends with how much was checked.
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

#include "npas/functions.h"
#include "npas/team.h"
#include "runtime_checks.h"

namespace {

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
    within("exp_of_minus",
           worst([](vec x) { return exp_of_minus(x); }, [](double x) { return std::exp(-x); }, -87.0f, 87.0f), 6.0);
    within("sigmoid", worst([](vec x) { return sigmoid(x); }, logistic, -87.0f, 87.0f), 34.0);
    within("silu", worst([](vec x) { return silu(x); }, [](double x) { return x * logistic(x); }, -80.0f, 80.0f), 34.0);
    within("tanh", worst([](vec x) { return tanh(x); }, [](double x) { return std::tanh(x); }, -12.0f, 12.0f), 4.0);
    const auto swish = [](double x) { return x * std::min(std::max(x + 3.0, 0.0), 6.0) / 6.0; };
    within("hard_swish", worst([](vec x) { return hard_swish(x); }, swish, -4.0f, 10.0f), 4.0);
    within("hard_swish, small", worst([](vec x) { return hard_swish(x); }, swish, -1e-3f, 1e-3f), 4.0);
    CHECK(exp_of_minus(splat(1000.0f))[0] < 2e-38f && exp_of_minus(splat(-1000.0f))[0] > 5e37f);
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

// runtime_unit FOLDER, which takes a file for a moment; or runtime_unit team
int main(int argc, char** argv) {
    if (argc != 2) return 2;
    test_teams();
    if (std::strcmp(argv[1], "team") != 0) {
        test_tensors();
        test_layers();
        test_arrays();
        test_parts();
        test_functions();
        test_special_values();
        test_memory(argv[1]);
    }
    std::printf("%ld checks, %d failures\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
