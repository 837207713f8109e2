#include <algorithm>
#include <cstring>
#include <vector>

#include "npas/loaded.h"

namespace NPAS_NAMESPACE {

namespace {

constexpr int kTaps = 9;
constexpr std::size_t kCollected = 32768;  // floats: a near cache's worth

// G, by rows.
constexpr float kG2[] = {1, 0, 0, 0.5f, 0.5f, 0.5f, 0.5f, -0.5f, 0.5f, 0, 0, 1};
constexpr float kG4[] = {1 / 4.0f,  0,          0,         -1 / 6.0f, -1 / 6.0f, -1 / 6.0f,
                         -1 / 6.0f, 1 / 6.0f,   -1 / 6.0f, 1 / 24.0f, 1 / 12.0f, 1 / 6.0f,
                         1 / 24.0f, -1 / 12.0f, 1 / 6.0f,  0,         0,         1};
constexpr float kG6[] = {1,          0,         0,          -2 / 9.0f,   -2 / 9.0f, -2 / 9.0f,  -2 / 9.0f, 2 / 9.0f,
                         -2 / 9.0f,  1 / 90.0f, 1 / 45.0f,  2 / 45.0f,   1 / 90.0f, -1 / 45.0f, 2 / 45.0f, 32 / 45.0f,
                         16 / 45.0f, 8 / 45.0f, 32 / 45.0f, -16 / 45.0f, 8 / 45.0f, 0,          0,         1};

const float* matrix(int m) { return m == 2 ? kG2 : m == 4 ? kG4 : kG6; }

// G g G^T of a vector of filters of one channel: taps stand `rows` floats apart, the results `step` floats.
void transform(int m, const float* w, int rows, float* out, std::size_t step) {
    const int side = m + 2;
    const float* g = matrix(m);
    vec half[8][3];
    for (int y = 0; y < side; ++y) {
        for (int x = 0; x < 3; ++x) {
            half[y][x] = splat(g[3 * y]) * load(w + x * rows) + splat(g[3 * y + 1]) * load(w + (3 + x) * rows) +
                         splat(g[3 * y + 2]) * load(w + (6 + x) * rows);
        }
    }
    for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
            store(out + static_cast<std::size_t>(y * side + x) * step,
                  splat(g[3 * x]) * half[y][0] + splat(g[3 * x + 1]) * half[y][1] + splat(g[3 * x + 2]) * half[y][2]);
        }
    }
}

// All columns, each the filters of a group at one channel: [column][tap][rows] to U. A few columns are collected before
// they are written: stores to every position of U in turn would throw each other out of the cache.
void transform_all(const WinogradSpec& spec, std::size_t columns, const float* weights, float* u) {
    const auto rows = static_cast<std::size_t>(spec.rows), side = static_cast<std::size_t>(spec.tile + 2);
    const std::size_t positions = side * side, most = kCollected / (rows * positions) + 1;
    std::vector<float> collected(most * rows * positions);
    for (std::size_t begin = 0; begin < columns; begin += most) {
        const std::size_t run = std::min(most, columns - begin) * rows;
        for (std::size_t at = 0; at < run; at += kLanes) {
            const float* w = weights + (begin + at / rows) * rows * kTaps + at % rows;
            transform(spec.tile, w, spec.rows, collected.data() + at, run);
        }
        for (std::size_t i = 0; i < positions; ++i) {
            std::memcpy(u + (i * columns + begin) * rows, collected.data() + i * run, run * sizeof(float));
        }
    }
}

}  // namespace

Status prepare(const WinogradSpec& spec, const Weights& file, LoadedWinograd& out) {
    const auto first = static_cast<std::size_t>(spec.first_section);
    const Section &weights = file[first], &bias = file[first + 1];
    const int groups = (spec.filters + spec.rows - 1) / spec.rows, side = spec.tile + 2;
    const std::size_t group = static_cast<std::size_t>(spec.channels) * static_cast<std::size_t>(spec.rows);
    if (weights.type != Type::f32 || bias.type != Type::f32) return Status::format;
    if (bias.count != static_cast<std::size_t>(spec.filters)) return Status::format;
    if (weights.count != group * static_cast<std::size_t>(groups) * kTaps) return Status::format;
    out.bias.assign(static_cast<std::size_t>(groups) * static_cast<std::size_t>(spec.rows), 0.0f);
    std::copy(bias.floats(), bias.floats() + bias.count, out.bias.begin());
    for (int c = 0; c < spec.channels; ++c) {
        out.offsets.push_back((c / kLanes * spec.tiles_at_a_time * kLanes) + c % kLanes);
    }
    const std::size_t position = group * static_cast<std::size_t>(groups);
    out.weights.reset(
        static_cast<unsigned char*>(allocate(position * static_cast<std::size_t>(side * side) * sizeof(float))));
    if (!out.weights) return Status::memory;
    transform_all(spec, static_cast<std::size_t>(groups * spec.channels), weights.floats(),
                  reinterpret_cast<float*>(out.weights.get()));
    out.view = {&spec, reinterpret_cast<const float*>(out.weights.get()), out.bias.data(), out.offsets.data()};
    return Status::ok;
}

}  // namespace NPAS_NAMESPACE
