// What the runtime must know of net: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace npas_net {

void forward(Run& run);

namespace {

// channels, height, width, pitch, origin, plane; offset in the arena. All in floats.
constexpr Value kValues[] = {
    {  {3,  9, 7, 9, 32, 128},    0},  // 0
    { {10, 10, 7, 9, 16, 128}, 1440},  // 1
    { {10, 10, 7, 9, 32, 144},    0},  // 2
    {  {9, 10, 7, 9,  0,  96}, 1728},  // 3
    { {54,  6, 3, 4,  0,  32},    0},  // 4
    { {17,  5, 3, 4, 16,  48}, 1728},  // 5
    { {17,  5, 3, 4,  0,  32},    0},  // 6
    { {17,  4, 2, 2,  0,  16},  544},  // 7
    { {17,  4, 2, 2,  0,  16},  816},  // 8
    { {34,  4, 2, 2,  0,  16},    0},  // 9
    { {34,  1, 1, 1,  0,   1},  544},  // 10
    { {34,  1, 1, 1,  0,   1}, 1088},  // 11
    { {34,  4, 2, 2,  0,  16},  544},  // 12
    {{272,  1, 1, 1,  0,   1},    0},  // 13
    { {21,  1, 1, 1,  0,   1},  320},  // 14
    {  {5,  1, 1, 1,  0,   1},    0},  // 15
};

// Floats from an output pixel to the input pixel under each position of the kernel.
constexpr std::int32_t kTaps0[] = {-18, -17, -16, -9, -8, -7, 0, 1, 2};
constexpr std::int32_t kTaps1[] = {-10, -9, -8, -1, 0, 1, 8, 9, 10};
constexpr std::int32_t kTaps2[] = {-19, -18, -17, -1, 0, 1, 17, 18, 19};
constexpr std::int32_t kTaps3[] = {0, 32, 64, 96, 128, 160, 4, 36, 68};
constexpr std::int32_t kTaps4[] = {-5, -4, -3, -1, 0, 1, 3, 4, 5};
constexpr std::int32_t kTaps5[] = {0};

// Format, first section; filters, channels, groups, taps and where they lie, channel stride; rows, channel block,
// tile, tiles, tiles at a time, whether threads share out pixels; width, height and pitch of the output.
constexpr IndexedSpec kIndexed[] = {
    {Format::dense,  0, 10,   3,  1, 9, kTaps0, 128,  4,   3, 24, 4, 4,  true, 7, 10, 9},  // layer_001
    {  Format::csr,  2, 10,  10,  1, 9, kTaps1, 128,  1,  10, 88, 1, 4, false, 7, 10, 9},  // layer_002
    {  Format::fkw,  6,  9,  10,  1, 9, kTaps2, 144,  1,  10, 88, 1, 4, false, 7, 10, 9},  // layer_003
    {  Format::bcs, 13, 17,   9,  1, 9, kTaps3, 192,  4,   9, 24, 1, 4, false, 3,  5, 4},  // layer_005
    {  Format::fkw, 19, 17,  17, 17, 9, kTaps4,  48,  1,  17, 24, 1, 1, false, 3,  5, 4},  // layer_006
    {Format::dense, 26, 34,  34,  1, 1, kTaps5,   1, 16,  34,  0, 0, 4, false, 1,  1, 1},  // layer_012
    {  Format::bcs, 28, 21, 272,  1, 1, kTaps5,   1,  8, 272,  0, 0, 4, false, 1,  1, 1},  // layer_015
    {  Format::csr, 34,  5,  21,  1, 1, kTaps5,   1,  1,  21,  0, 0, 4, false, 1,  1, 1},  // layer_016
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
    {"layer_007", {6, -1}, 7},
    {"layer_008", {6, -1}, 8},
    {"layer_009", {7, -1}, 9},
    {"layer_010", {8, -1}, 9},
    {"layer_011", {9, -1}, 10},
    {"layer_012", {10, -1}, 11},
    {"layer_013", {9, 11}, 12},
    {"layer_014", {12, -1}, 13},
    {"layer_015", {13, -1}, 14},
    {"layer_016", {14, -1}, 15},
    {"layer_017", {15, -1}, -1},
};

constexpr Layout kInputs[] = {{3, 9, 7, 7, 0, 63}};
constexpr Layout kOutputs[] = {{5, 1, 1, 1, 0, 1}};

constexpr Description kDescription = {
    0xbf61206803752ba0ull, 38, 2880,
    kValues, 16, kIndexed, 8, kLayers, 18,
    kInputs, 1, kOutputs, 1, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace npas_net
