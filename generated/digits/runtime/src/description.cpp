// What the runtime must know of digits: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace npas_digits {

void forward(Run& run);

namespace {

// channels, height, width; pitch, origin and plane in pixels, channels in a pixel; offset in the arena, in numbers.
constexpr Value kValues[] = {
    { {1, 16, 16, 17, 32, 336, 1},     0},  // 0
    {{16, 16, 16, 16,  0, 258, 8},  5408},  // 1
    {{16, 18, 18, 18,  0, 336, 1},     0},  // 2
    { {3, 16, 16, 18, 32, 352, 1},  9536},  // 3
    {{16, 16, 16, 16,  0, 258, 8},  1056},  // 4
    {{16, 18, 18, 18,  0, 336, 1},  5184},  // 5
    { {3, 16, 16, 18, 32, 352, 1},     0},  // 6
    {{16, 16, 16, 16,  0, 258, 8},  6416},  // 7
    {{64,  9,  9,  9,  0,  96, 1},     0},  // 8
    { {6,  8,  8,  9, 16, 112, 1}, 10544},  // 9
    {{16,  8,  8,  9,  0,  80, 1},     0},  // 10
    { {6,  8,  8,  9,  0,  80, 1},  1280},  // 11
    { {6,  8,  8,  9, 16, 112, 1},     0},  // 12
    { {6,  8,  8,  9, 16, 112, 1},   672},  // 13
    { {6,  8,  8,  9, 16, 112, 1},  1344},  // 14
    {{13,  4,  4,  5,  6,  31, 8},     0},  // 15
    {{13,  4,  4,  4,  0,  16, 8},   992},  // 16
    {{13,  4,  4,  5,  6,  31, 8},   496},  // 17
    {{13,  4,  4,  5,  6,  31, 8},     0},  // 18
    {{13,  4,  4,  5,  6,  31, 8},   992},  // 19
    {{26,  2,  2,  3,  4,  13, 8},     0},  // 20
    {{26,  2,  2,  2,  0,   4, 8},   832},  // 21
    {{26,  2,  2,  3,  4,  13, 8},   416},  // 22
    {{26,  2,  2,  3,  4,  13, 8},     0},  // 23
    {{26,  2,  2,  2,  0,   4, 8},   832},  // 24
    {{26,  1,  1,  1,  0,   1, 1},     0},  // 25
    {{10,  1,  1,  1,  0,   1, 1},    64},  // 26
};

// Floats from an output pixel to the input pixel under each position of the kernel.
constexpr std::int32_t kTaps0[] = {-18, -17, -16, -1, 0, 1, 16, 17, 18};
constexpr std::int32_t kTaps1[] = {0, 1, 2, 18, 19, 20, 36, 37, 38};
constexpr std::int32_t kTaps2[] = {-19, -18, -17, -1, 0, 1, 17, 18, 19};
constexpr std::int32_t kTaps3[] = {0, 96, 1, 192, 288, 193, 9, 105, 10};
constexpr std::int32_t kTaps4[] = {0};
constexpr std::int32_t kTaps5[] = {-10, -9, -8, -1, 0, 1, 8, 9, 10};
constexpr std::int32_t kTaps6[] = {-48, -40, -32, -8, 0, 8, 32, 40, 48};
constexpr std::int32_t kTaps7[] = {-32, -24, -16, -8, 0, 8, 16, 24, 32};

// Format, first section; filters, channels, groups, taps, whether weights are halves, where taps lie, channels in a pixel of the input, plane
// step; rows, depth, lists, whether filters lie in lanes; channel block, tile, tiles, tiles at a time, whether threads share
// out pixels; width, height and pitch of the output; grid of tiles; copies of their input.
constexpr IndexedSpec kIndexed[] = {
    {Format::dense,  0, 16,  1, 1, 9, false, kTaps0, 1, 336, 16, 1, 1,  true,  1,  6, 48, 48, false, 16, 16, 16, {3, 1, 17, 1}, {}},  // layer_001
    {Format::dense,  2,  3, 16, 1, 9, false, kTaps1, 1, 336,  2, 1, 1, false, 16, 40,  8,  4,  true, 16, 16, 18,  {0, 0, 0, 1}, {}},  // layer_003
    {Format::dense,  4, 16,  3, 1, 9, false, kTaps2, 1, 352, 16, 1, 1,  true,  3,  6, 48, 48, false, 16, 16, 16, {3, 1, 18, 1}, {}},  // layer_004
    {Format::dense,  6,  3, 16, 1, 9, false, kTaps1, 1, 336,  2, 1, 1, false, 16, 40,  8,  4,  true, 16, 16, 18,  {0, 0, 0, 1}, {}},  // layer_006
    {Format::dense,  8, 16,  3, 1, 9, false, kTaps2, 1, 352, 16, 1, 1,  true,  3,  6, 48, 48, false, 16, 16, 16, {3, 1, 18, 1}, {}},  // layer_007
    {Format::dense, 10,  6, 16, 1, 9, false, kTaps3, 1, 384,  4, 1, 1, false, 16, 24,  3,  4,  true,  8,  8,  9,  {0, 0, 0, 1}, {}},  // layer_009
    {Format::dense, 12,  6, 16, 1, 1, false, kTaps4, 1,  80,  4, 1, 1, false, 16, 24,  3,  4,  true,  8,  8,  9,  {0, 0, 0, 1}, {}},  // layer_011
    {Format::dense, 14,  6,  6, 1, 9, false, kTaps5, 1, 112,  4, 1, 1, false,  6, 24,  3,  4,  true,  8,  8,  9,  {0, 0, 0, 1}, {}},  // layer_012
    {Format::dense, 16,  6,  6, 1, 9, false, kTaps5, 1, 112,  4, 1, 1, false,  6, 24,  3,  4,  true,  8,  8,  9,  {0, 0, 0, 1}, {}},  // layer_013
    {Format::dense, 18,  6,  6, 1, 9, false, kTaps5, 1, 112,  4, 1, 1, false,  6, 24,  3,  4,  true,  8,  8,  9,  {0, 0, 0, 1}, {}},  // layer_014
    {Format::dense, 20, 13,  6, 1, 9, false, kTaps5, 1, 112,  8, 1, 1,  true,  6,  4,  4,  4, false,  4,  4,  5, {1, 1, 18, 1}, {}},  // layer_015
    {Format::dense, 22, 13,  6, 1, 1, false, kTaps4, 1, 112,  8, 1, 1,  true,  6,  4,  4,  4, false,  4,  4,  4, {1, 1, 18, 1}, {}},  // layer_016
    {Format::dense, 24, 13, 13, 1, 9, false, kTaps6, 8, 248,  8, 1, 1,  true, 13,  4,  4,  4, false,  4,  4,  5, {1, 1, 40, 1}, {}},  // layer_017
    {Format::dense, 26, 13, 13, 1, 9, false, kTaps6, 8, 248,  8, 1, 1,  true, 13,  4,  4,  4, false,  4,  4,  5, {1, 1, 40, 1}, {}},  // layer_018
    {Format::dense, 28, 13, 13, 1, 9, false, kTaps6, 8, 248,  8, 1, 1,  true, 13,  4,  4,  4, false,  4,  4,  5, {1, 1, 40, 1}, {}},  // layer_019
    {Format::dense, 30, 26, 13, 1, 9, false, kTaps6, 8, 248, 16, 1, 1,  true, 13,  2,  2,  2, false,  2,  2,  3, {1, 1, 80, 1}, {}},  // layer_020
    {Format::dense, 32, 26, 13, 1, 1, false, kTaps4, 8, 248, 16, 1, 1,  true, 13,  2,  2,  2, false,  2,  2,  2, {1, 1, 80, 1}, {}},  // layer_021
    {Format::dense, 34, 26, 26, 1, 9, false, kTaps7, 8, 104, 16, 1, 1,  true, 26,  2,  2,  2, false,  2,  2,  3, {1, 1, 24, 1}, {}},  // layer_022
    {Format::dense, 36, 26, 26, 1, 9, false, kTaps7, 8, 104, 16, 1, 1,  true, 26,  2,  2,  2, false,  2,  2,  3, {1, 1, 24, 1}, {}},  // layer_023
    {Format::dense, 38, 26, 26, 1, 9, false, kTaps7, 8, 104, 16, 1, 1,  true, 26,  2,  2,  2, false,  2,  2,  2, {1, 1, 24, 1}, {}},  // layer_024
    {Format::dense, 40, 10, 26, 1, 1, false, kTaps4, 1,   1,  8, 1, 1,  true, 26,  0,  0,  4, false,  1,  1,  1,  {0, 0, 0, 1}, {}},  // layer_026
};

constexpr const DepthwiseSpec* kDepthwise = nullptr;

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
    {"layer_009", 9},
    {"layer_010", 10},
    {"layer_011", 11},
    {"layer_012", 12},
    {"layer_013", 13},
    {"layer_014", 14},
    {"layer_015", 15},
    {"layer_016", 16},
    {"layer_017", 17},
    {"layer_018", 18},
    {"layer_019", 19},
    {"layer_020", 20},
    {"layer_021", 21},
    {"layer_022", 22},
    {"layer_023", 23},
    {"layer_024", 24},
    {"layer_025", 25},
    {"layer_026", 26},
    {"layer_027", -1},
};

constexpr Layout kInputs[] = {{1, 16, 16, 16, 0, 256, 1}};
constexpr Layout kOutputs[] = {{10, 1, 1, 1, 0, 1, 1}};

constexpr Description kDescription = {
    0x8da745bd79283442ull, 42, 11232,
    kValues, 27, kIndexed, 21, kDepthwise, 0,
    kWinograd, 0, kConstants, 0, kLayers, 28,
    kInputs, 1, kOutputs, 1, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace npas_digits
