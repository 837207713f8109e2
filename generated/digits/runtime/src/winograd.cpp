#include "npas/winograd.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "npas/loaded.h"

namespace NPAS_NAMESPACE {

namespace {

constexpr std::size_t kCollected = 32768;  // floats: a near cache's worth

// One row of G: powers of a point, and what B^T leaves to divide by.
struct Row {
    float point, scale;
};

// The last row, infinity, is 1 for the highest power only.
constexpr Row kRows4[] = {{0, 1}, {1, 0.5f}, {-1, 0.5f}};
constexpr Row kRows6[] = {{0, 1 / 4.0f}, {1, -1 / 6.0f}, {-1, -1 / 6.0f}, {2, 1 / 24.0f}, {-2, 1 / 24.0f}};
constexpr Row kRows8[] = {{0, 1},          {1, -2 / 9.0f},     {-1, -2 / 9.0f},    {2, 1 / 90.0f},
                          {-2, 1 / 90.0f}, {0.5f, 32 / 45.0f}, {-0.5f, 32 / 45.0f}};

float power(float x, int exponent) { return exponent == 0 ? 1.0f : x * power(x, exponent - 1); }

// G for tiles of `side` and kernels of `taps`, by rows.
std::vector<float> matrix(int side, int taps) {
    const Row* rows = side == 4 ? kRows4 : side == 6 ? kRows6 : kRows8;
    std::vector<float> g;
    for (int i = 0; i < side; ++i) {
        for (int k = 0; k < taps; ++k) {
            g.push_back(i + 1 == side ? static_cast<float>(k + 1 == taps) : rows[i].scale * power(rows[i].point, k));
        }
    }
    return g;
}

std::size_t square(int x) { return static_cast<std::size_t>(x) * static_cast<std::size_t>(x); }

// A column of weights, those of a group's filters at one channel, becomes as many as there are phases of `Taps` a side;
// `Width` filters are transformed at a time.
template <int Taps, int Width>
class WeightTransform {
  public:
    explicit WeightTransform(const WinogradSpec& spec)
        : spec_(spec), side_(spec.side()), g_(matrix(spec.side(), Taps)) {}

    // All columns: [column][tap][rows] to U. A few columns are collected before they are written: stores to every
    // position of U in turn would throw each other out of the cache.
    void all(std::size_t columns, const float* weights, float* u) const {
        const auto phases = static_cast<std::size_t>(spec_.phases()), taps = square(spec_.kernel);
        const std::size_t positions = square(side_), most = kCollected / (phases * rows() * positions) + 1;
        std::vector<float> collected(most * phases * rows() * positions);
        for (std::size_t begin = 0; begin < columns; begin += most) {
            const std::size_t run = std::min(most, columns - begin) * phases * rows();
            for (std::size_t at = 0; at < run; at += Width) {
                const std::size_t column = begin + at / (phases * rows()), phase = at / rows() % phases;
                const float* w = weights + column * rows() * taps + at % rows();
                transform(static_cast<int>(phase), w, collected.data() + at, run);
            }
            for (std::size_t i = 0; i < positions; ++i) {
                std::memcpy(u + (i * columns + begin) * phases * rows(), collected.data() + i * run,
                            run * sizeof(float));
            }
        }
    }

  private:
    // The compiler makes as many of the machine's vectors of it as it takes.
    typedef float Filters __attribute__((vector_size(Width * 4)));

    // G g G^T of a few filters at one channel and phase: taps stand `rows` floats apart, the results `step`.
    void transform(int phase, const float* w, float* out, std::size_t step) const {
        const int top = phase / spec_.stride, left = phase % spec_.stride;
        Filters half[8][Taps];
        for (int y = 0; y < side_; ++y) {
            for (int x = 0; x < Taps; ++x) {
                half[y][x] = Filters{};
                for (int i = 0; i < Taps; ++i) {
                    const int row = top + i * spec_.stride, column = left + x * spec_.stride;
                    if (row >= spec_.kernel || column >= spec_.kernel) continue;
                    Filters tap;
                    std::memcpy(&tap, w + static_cast<std::size_t>(row * spec_.kernel + column) * rows(), sizeof tap);
                    half[y][x] += g_[at(y, i)] * tap;
                }
            }
        }
        for (int y = 0; y < side_; ++y) {
            for (int x = 0; x < side_; ++x) {
                Filters sum{};
                for (int i = 0; i < Taps; ++i) sum += g_[at(x, i)] * half[y][i];
                std::memcpy(out + static_cast<std::size_t>(y * side_ + x) * step, &sum, sizeof sum);
            }
        }
    }

    std::size_t rows() const { return static_cast<std::size_t>(spec_.rows); }
    std::size_t at(int row, int tap) const { return static_cast<std::size_t>(row * Taps + tap); }

    const WinogradSpec& spec_;
    int side_;
    std::vector<float> g_;
};

template <int Taps>
void transform_all(const WinogradSpec& spec, std::size_t columns, const float* weights, float* u) {
    if (spec.rows % 16 == 0) return WeightTransform<Taps, 16>(spec).all(columns, weights, u);
    if (spec.rows % 8 == 0) return WeightTransform<Taps, 8>(spec).all(columns, weights, u);
    return WeightTransform<Taps, 4>(spec).all(columns, weights, u);
}

void transform_all(const WinogradSpec& spec, std::size_t columns, const float* weights, float* u) {
    switch (spec.taps()) {
        case 2: return transform_all<2>(spec, columns, weights, u);
        case 3: return transform_all<3>(spec, columns, weights, u);
        case 4: return transform_all<4>(spec, columns, weights, u);
        default: return transform_all<5>(spec, columns, weights, u);
    }
}

// Where a channel of one phase stands in V at one position.
std::int32_t offset_of(const WinogradSpec& spec, int channel, int phase) {
    const int lanes = spec.lanes;
    const int filled = spec.input_block == 1 ? spec.channels : (spec.channels + lanes - 1) / lanes * lanes;
    const int at = phase * filled + channel;
    return at / lanes * spec.tiles_at_a_time * lanes + at % lanes;
}

}  // namespace

Status prepare(const WinogradSpec& spec, const Weights& file, LoadedWinograd& out) {
    const auto first = static_cast<std::size_t>(spec.first_section);
    const Section &weights = file[first], &bias = file[first + 1];
    const int groups = (spec.filters + spec.rows - 1) / spec.rows, side = spec.side(), taps = spec.kernel * spec.kernel;
    const std::size_t group = static_cast<std::size_t>(spec.channels) * static_cast<std::size_t>(spec.rows);
    if (weights.type != Type::f32 || bias.type != Type::f32) return Status::format;
    if (bias.count != static_cast<std::size_t>(spec.filters)) return Status::format;
    if (weights.count != group * static_cast<std::size_t>(groups * taps)) return Status::format;
    out.bias.assign(static_cast<std::size_t>(groups) * static_cast<std::size_t>(spec.rows), 0.0f);
    std::copy(bias.floats(), bias.floats() + bias.count, out.bias.begin());
    for (int c = 0; c < spec.channels; ++c) {
        for (int phase = 0; phase < spec.phases(); ++phase) out.offsets.push_back(offset_of(spec, c, phase));
    }
    out.offsets.insert(out.offsets.end(), kOffsetsAhead, 0);
    const std::size_t position = group * static_cast<std::size_t>(groups * spec.phases());
    out.weight_bytes = position * static_cast<std::size_t>(side * side) * sizeof(float);
    out.weights.reset(static_cast<unsigned char*>(allocate(out.weight_bytes)));
    if (!out.weights) return Status::memory;
    const auto columns = static_cast<std::size_t>(groups * spec.channels);
    transform_all(spec, columns, weights.floats(), reinterpret_cast<float*>(out.weights.get()));
    out.view = {&spec, reinterpret_cast<const float*>(out.weights.get()), out.bias.data(), out.offsets.data()};
    return Status::ok;
}

}  // namespace NPAS_NAMESPACE
