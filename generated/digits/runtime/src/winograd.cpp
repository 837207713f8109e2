#include "npas/winograd.h"

#include <algorithm>

namespace NPAS_NAMESPACE {

namespace {

constexpr int kTaps = 9;

// G, by rows.
constexpr float kG2[] = {1, 0, 0, 0.5f, 0.5f, 0.5f, 0.5f, -0.5f, 0.5f, 0, 0, 1};
constexpr float kG4[] = {1 / 4.0f,  0,          0,         -1 / 6.0f, -1 / 6.0f, -1 / 6.0f,
                         -1 / 6.0f, 1 / 6.0f,   -1 / 6.0f, 1 / 24.0f, 1 / 12.0f, 1 / 6.0f,
                         1 / 24.0f, -1 / 12.0f, 1 / 6.0f,  0,         0,         1};
constexpr float kG6[] = {1,          0,         0,          -2 / 9.0f,   -2 / 9.0f, -2 / 9.0f,  -2 / 9.0f, 2 / 9.0f,
                         -2 / 9.0f,  1 / 90.0f, 1 / 45.0f,  2 / 45.0f,   1 / 90.0f, -1 / 45.0f, 2 / 45.0f, 32 / 45.0f,
                         16 / 45.0f, 8 / 45.0f, 32 / 45.0f, -16 / 45.0f, 8 / 45.0f, 0,          0,         1};

const float* matrix(int m) { return m == 2 ? kG2 : m == 4 ? kG4 : kG6; }

}  // namespace

Status prepare(const WinogradSpec& spec, const Weights& file, Winograd& out) {
    const auto first = static_cast<std::size_t>(spec.first_section);
    const Section &weights = file[first], &bias = file[first + 1];
    const int groups = (spec.filters + spec.rows - 1) / spec.rows, side = spec.tile + 2;
    const std::size_t group = static_cast<std::size_t>(spec.channels) * static_cast<std::size_t>(spec.rows);
    if (weights.type != Type::f32 || bias.type != Type::f32) return Status::format;
    if (bias.count != static_cast<std::size_t>(spec.filters)) return Status::format;
    if (weights.count != group * static_cast<std::size_t>(groups) * kTaps) return Status::format;
    out.spec = &spec;
    out.bias.assign(static_cast<std::size_t>(groups) * static_cast<std::size_t>(spec.rows), 0.0f);
    std::copy(bias.floats(), bias.floats() + bias.count, out.bias.begin());
    for (int c = 0; c < spec.channels; ++c) {
        out.offsets.push_back((c / kLanes * spec.tiles_at_a_time * kLanes) + c % kLanes);
    }
    const std::size_t position = group * static_cast<std::size_t>(groups);
    out.weights.reset(
        static_cast<unsigned char*>(allocate(position * static_cast<std::size_t>(side * side) * sizeof(float))));
    if (!out.weights) return Status::memory;
    float* u = reinterpret_cast<float*>(out.weights.get());
    const float* g = matrix(spec.tile);
    // A column of filters at a time: [channel][tap][rows] in the file, vectors of rows here.
    for (std::size_t column = 0; column < static_cast<std::size_t>(groups * spec.channels); ++column) {
        for (int lane = 0; lane < spec.rows; lane += kLanes) {
            const float* w = weights.floats() + column * kTaps * static_cast<std::size_t>(spec.rows) + lane;
            vec half[8][3];
            for (int y = 0; y < side; ++y) {
                for (int x = 0; x < 3; ++x) {
                    half[y][x] = splat(g[3 * y]) * load(w + x * spec.rows) +
                                 splat(g[3 * y + 1]) * load(w + (3 + x) * spec.rows) +
                                 splat(g[3 * y + 2]) * load(w + (6 + x) * spec.rows);
                }
            }
            for (int y = 0; y < side; ++y) {
                for (int x = 0; x < side; ++x) {
                    store(u + static_cast<std::size_t>(y * side + x) * position +
                              column * static_cast<std::size_t>(spec.rows) + lane,
                          splat(g[3 * x]) * half[y][0] + splat(g[3 * x + 1]) * half[y][1] +
                              splat(g[3 * x + 2]) * half[y][2]);
                }
            }
        }
    }
    return Status::ok;
}

}  // namespace NPAS_NAMESPACE
