// What the runtime must know of net: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace npas_net {

void forward(Run& run);

namespace {

// channels, height, width; pitch, origin and plane in pixels, channels in a pixel; offset in the arena, in numbers.
constexpr Value kValues[] = {
    {  {3,  9, 7, 9, 32, 128, 1},    0},  // 0
    { {10, 10, 7, 9, 16, 128, 1}, 1456},  // 1
    { {10, 10, 7, 9, 32, 144, 1},    0},  // 2
    {  {9, 10, 7, 9, 16, 128, 1}, 1456},  // 3
    { {17,  5, 3, 4,  5,  29, 8},    0},  // 4
    { {17,  5, 3, 3,  0,  15, 8},  720},  // 5
    { {17,  4, 2, 2,  0,   8, 8},  320},  // 6
    { {17,  4, 2, 2,  0,   8, 8},  512},  // 7
    { {34,  4, 2, 2,  0,   8, 8},    0},  // 8
    { {34,  1, 1, 1,  0,   1, 1},  320},  // 9
    { {34,  1, 1, 1,  0,   1, 1},  384},  // 10
    { {34,  4, 2, 2,  0,   8, 8},    0},  // 11
    {{272,  1, 1, 1,  0,   1, 1},  320},  // 12
    { {21,  1, 1, 1,  0,   1, 1},    0},  // 13
    {  {5,  1, 1, 1,  0,   1, 1},   64},  // 14
};

// Floats from an output pixel to the input pixel under each position of the kernel.
constexpr std::int32_t kTaps0[] = {-18, -17, -16, -9, -8, -7, 0, 1, 2};
constexpr std::int32_t kTaps1[] = {-10, -9, -8, -1, 0, 1, 8, 9, 10};
constexpr std::int32_t kTaps2[] = {-19, -18, -17, -1, 0, 1, 17, 18, 19};
constexpr std::int32_t kTaps3[] = {0};

// Format, first section; filters, channels, groups, taps, whether weights are halves, where taps lie, channels in a pixel of the input, plane
// step; rows, depth, lists, whether filters lie in lanes; channel block, tile, tiles, tiles at a time, whether threads share
// out pixels; width, height and pitch of the output; grid of tiles; copies of their input.
constexpr IndexedSpec kIndexed[] = {
    {Format::dense,  0, 10,   3, 1, 9, false, kTaps0, 1, 128,  4, 1, 1, false,   3, 24, 4, 32, false, 7, 10, 9,  {0, 0, 0, 1}, {}},  // layer_001
    {  Format::csr,  2, 10,  10, 1, 9, false, kTaps1, 1, 128,  1, 1, 1, false,  10, 88, 1, 32, false, 7, 10, 9,  {0, 0, 0, 1}, {}},  // layer_002
    {  Format::fkw,  6,  9,  10, 1, 9, false, kTaps2, 1, 144,  1, 1, 1, false,  10, 16, 6,  4, false, 7, 10, 9,  {0, 0, 0, 1}, {}},  // layer_003
    {  Format::bcs, 13, 17,   9, 1, 9, false, kTaps1, 1, 128,  8, 1, 1,  true,   9,  3, 5,  5,  true, 3,  5, 4, {1, 1, 18, 1}, {}},  // layer_004
    {Format::dense, 21, 34,  34, 1, 1, false, kTaps3, 1,   1, 16, 1, 1,  true,  34,  0, 0,  4, false, 1,  1, 1,  {0, 0, 0, 1}, {}},  // layer_011
    {  Format::bcs, 23, 21, 272, 1, 1, false, kTaps3, 1,   1,  8, 1, 1,  true, 272,  0, 0,  4, false, 1,  1, 1,  {0, 0, 0, 1}, {}},  // layer_014
    {  Format::csr, 29,  5,  21, 1, 1, false, kTaps3, 1,   1,  1, 1, 1, false,  21,  0, 0,  4, false, 1,  1, 1,  {0, 0, 0, 1}, {}},  // layer_015
};

// First section; channels, taps, channels in a plane; padding at the top and on the left; height of the image.
constexpr DepthwiseSpec kDepthwise[] = {
    {19, 17, 9, 8, 1, 1, 5},  // layer_005
};

constexpr const WinogradSpec* kWinograd = nullptr;

constexpr const Stationary* kConstants = nullptr;

// Name, value written (-1: the caller's array).
constexpr LayerInfo kLayers[] = {
    {"layer_000", 0},
    {"layer_001", 1},
    {"layer_002", 2},
    {"layer_003", 3},
    {"layer_004", 4},
    {"layer_005", 5},
    {"layer_006", 6},
    {"layer_007", 7},
    {"layer_008", 8},
    {"layer_009", 8},
    {"layer_010", 9},
    {"layer_011", 10},
    {"layer_012", 11},
    {"layer_013", 12},
    {"layer_014", 13},
    {"layer_015", 14},
    {"layer_016", -1},
};

constexpr Layout kInputs[] = {{3, 9, 7, 7, 0, 63, 1}};
constexpr Layout kOutputs[] = {{5, 1, 1, 1, 0, 1, 1}};

constexpr Description kDescription = {
    0xaf4d43f62d50099aull, 33, 2752,
    kValues, 15, kIndexed, 7, kDepthwise, 1,
    kWinograd, 0, kConstants, 0, kLayers, 17,
    kInputs, 1, kOutputs, 1, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace npas_net
