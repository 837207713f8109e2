// What the runtime must know of net: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace npas_net {

void forward(Run& run);

namespace {

// channels, height, width, pitch, origin, plane; offset in the arena. All in floats.
constexpr Value kValues[] = {
    { {3, 8, 8, 9, 16, 112},  896},  // 0
    { {8, 8, 8, 9, 16, 112},    0},  // 1
    { {8, 8, 8, 9,  0,  80}, 1024},  // 2
    {{32, 5, 5, 5,  0,  32},    0},  // 3
    {{12, 4, 4, 5,  0,  32}, 1024},  // 4
    {{12, 1, 1, 1,  0,   1},    0},  // 5
    { {5, 1, 1, 1,  0,   1},   64},  // 6
};

// Floats from an output pixel to the input pixel under each position of the kernel.
constexpr std::int32_t kTaps0[] = {-10, -9, -8, -1, 0, 1, 8, 9, 10};
constexpr std::int32_t kTaps1[] = {0, 32, 1, 64, 96, 65, 5, 37, 6};
constexpr std::int32_t kTaps2[] = {0};

// Format, first section; filters, channels, groups, taps and where they lie, channel stride; rows, channel block,
// tile, tiles, tiles at a time, whether threads share out pixels; width, height and pitch of the output.
constexpr IndexedSpec kIndexed[] = {
    {Format::dense, 0,  8,  3, 1, 9, kTaps0, 112, 4,  3, 24, 3, 4, false, 8, 8, 9},  // layer_001
    {Format::dense, 2,  8,  8, 1, 9, kTaps0, 112, 4,  8, 24, 3, 4, false, 8, 8, 9},  // layer_002
    {Format::dense, 4, 12,  8, 1, 9, kTaps1, 128, 4,  8, 24, 1, 4, false, 4, 4, 5},  // layer_004
    {Format::dense, 6,  5, 12, 1, 1, kTaps2,   1, 8, 12,  0, 0, 4, false, 1, 1, 1},  // layer_006
};

// Name, values read (-1: none, or the caller's array), value written.
constexpr LayerInfo kLayers[] = {
    {"layer_000", {-1, -1}, 0},
    {"layer_001", {0, -1}, 1},
    {"layer_002", {1, 1}, 2},
    {"layer_003", {2, -1}, 3},
    {"layer_004", {3, -1}, 4},
    {"layer_005", {4, -1}, 5},
    {"layer_006", {5, -1}, 6},
    {"layer_007", {6, -1}, -1},
};

constexpr Layout kInputs[] = {{3, 8, 8, 8, 0, 64}};
constexpr Layout kOutputs[] = {{5, 1, 1, 1, 0, 1}};

constexpr Description kDescription = {
    0x3726fb66440ba1e2ull, 8, 1760,
    kValues, 7, kIndexed, 4, kLayers, 8,
    kInputs, 1, kOutputs, 1, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace npas_net
