// What the runtime must know of digits: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace npas_digits {

void forward(Run& run);

namespace {

// channels, height, width, pitch, origin, plane; offset in the arena. All in floats.
constexpr Value kValues[] = {
    {  {1, 16, 16, 17, 32, 336},  5376},  // 0
    { {16, 16, 16, 17, 32, 336},     0},  // 1
    { {16, 16, 16, 17, 32, 336},  5376},  // 2
    { {16, 16, 16, 17, 32, 336}, 10752},  // 3
    { {16, 16, 16, 17, 32, 336},     0},  // 4
    { {16, 16, 16, 17,  0, 288},  6144},  // 5
    { {64,  9,  9,  9,  0,  96},     0},  // 6
    { {32,  8,  8,  9, 16, 112}, 10752},  // 7
    { {16,  8,  8,  9,  0,  80},     0},  // 8
    { {32,  8,  8,  9,  0,  80},  3584},  // 9
    { {32,  8,  8,  9, 16, 112},     0},  // 10
    { {32,  8,  8,  9,  0,  80},  3584},  // 11
    {  {4,  8,  8,  9,  0,  80},  6144},  // 12
    { {16,  8,  8,  9, 16, 112},  3584},  // 13
    { {16,  8,  8,  9,  0,  80},  6656},  // 14
    { {32,  8,  8,  9,  0,  80},  4096},  // 15
    {{128,  5,  5,  5,  0,  32},     0},  // 16
    { {40,  4,  4,  5, 16,  48},  6656},  // 17
    { {40,  4,  4,  5,  0,  32},  8576},  // 18
    { {32,  4,  4,  5,  0,  32},     0},  // 19
    { {64,  4,  4,  5,  0,  32},  3072},  // 20
    { {64,  4,  4,  5, 16,  48},     0},  // 21
    { {64,  4,  4,  5,  0,  32},  3072},  // 22
    { {60,  4,  4,  5,  0,  32},  6144},  // 23
    { {64,  4,  4,  5, 16,  48},  3072},  // 24
    { {64,  4,  4,  5,  0,  32},  6144},  // 25
    { {64,  4,  4,  5,  0,  32},  4096},  // 26
    {{256,  3,  3,  3,  0,  16},     0},  // 27
    { {64,  2,  2,  3,  0,  16},  6144},  // 28
    {{128,  2,  2,  3,  0,  16},     0},  // 29
    { {51,  2,  2,  3, 16,  32},  2048},  // 30
    { {51,  2,  2,  3,  0,  16},  7648},  // 31
    { {64,  2,  2,  3,  0,  16},  1840},  // 32
    {{115,  2,  2,  3,  0,  16},     0},  // 33
    {{115,  2,  2,  3,  0,  16},  5808},  // 34
    {{121,  2,  2,  3, 16,  32},     0},  // 35
    {{121,  2,  2,  3,  0,  16},  3872},  // 36
    {{115,  2,  2,  3,  0,  16},     0},  // 37
    {{115,  1,  1,  1,  0,   1},  1840},  // 38
    { {10,  1,  1,  1,  0,   1},     0},  // 39
};

// Floats from an output pixel to the input pixel under each position of the kernel.
constexpr std::int32_t kTaps0[] = {-18, -17, -16, -1, 0, 1, 16, 17, 18};
constexpr std::int32_t kTaps1[] = {0, 96, 1, 192, 288, 193, 9, 105, 10};
constexpr std::int32_t kTaps2[] = {0};
constexpr std::int32_t kTaps3[] = {-10, -9, -8, -1, 0, 1, 8, 9, 10};
constexpr std::int32_t kTaps4[] = {0, 32, 1, 64, 96, 65, 5, 37, 6};
constexpr std::int32_t kTaps5[] = {-6, -5, -4, -1, 0, 1, 4, 5, 6};
constexpr std::int32_t kTaps6[] = {0, 16, 1, 32, 48, 33, 3, 19, 4};
constexpr std::int32_t kTaps7[] = {-4, -3, -2, -1, 0, 1, 2, 3, 4};

// Format, first section; filters, channels, groups, taps and where they lie, channel stride; rows, channel block,
// tile, tiles, tiles at a time, whether threads share out pixels; width, height and pitch of the output.
constexpr IndexedSpec kIndexed[] = {
    {Format::dense,   0,  16,   1,   1, 9, kTaps0, 336, 4,   1, 24, 12, 4, false, 16, 16, 17},  // layer_001
    {  Format::bcs,   2,  16,  16,   1, 9, kTaps0, 336, 4,  16, 24, 12, 4, false, 16, 16, 17},  // layer_002
    {  Format::bcs,   8,  16,  16,   1, 9, kTaps0, 336, 4,  16, 24, 12, 4, false, 16, 16, 17},  // layer_003
    {  Format::bcs,  14,  16,  16,   1, 9, kTaps0, 336, 4,  16, 24, 12, 4, false, 16, 16, 17},  // layer_004
    {  Format::bcs,  20,  16,  16,   1, 9, kTaps0, 336, 4,  16, 24, 12, 4, false, 16, 16, 17},  // layer_005
    {  Format::bcs,  26,  32,  16,   1, 9, kTaps1, 384, 4,   8, 24,  3, 2, false,  8,  8,  9},  // layer_007
    {Format::dense,  32,  32,  16,   1, 1, kTaps2,  80, 4,  16, 24,  3, 4, false,  8,  8,  9},  // layer_009
    {  Format::bcs,  34,  32,  32,   1, 9, kTaps3, 112, 4,  32, 24,  3, 4, false,  8,  8,  9},  // layer_010
    {Format::dense,  40,  32,  32,  32, 9, kTaps3, 112, 1,  32, 72,  1, 1, false,  8,  8,  9},  // layer_011
    {  Format::csr,  42,   4,  32,   1, 1, kTaps2,  80, 1,  32, 72,  1, 4, false,  8,  8,  9},  // layer_012
    {  Format::bcs,  46,  16,   4,   1, 1, kTaps2,  80, 4,   4, 24,  3, 4, false,  8,  8,  9},  // layer_013
    {Format::dense,  52,  16,  16,  16, 9, kTaps3, 112, 1,  16, 72,  1, 1, false,  8,  8,  9},  // layer_014
    {  Format::bcs,  54,  32,  16,   1, 1, kTaps2,  80, 4,  16, 24,  3, 4, false,  8,  8,  9},  // layer_015
    {  Format::bcs,  60,  40,  32,   1, 9, kTaps4, 128, 4,  32, 24,  1, 4, false,  4,  4,  5},  // layer_017
    {Format::dense,  66,  40,  40,  40, 9, kTaps5,  48, 1,  40, 24,  1, 1, false,  4,  4,  5},  // layer_018
    {  Format::bcs,  68,  64,  32,   1, 1, kTaps2,  32, 4,  32, 24,  1, 4, false,  4,  4,  5},  // layer_020
    {  Format::bcs,  74,  64,  40,   1, 1, kTaps2,  32, 4,  40, 24,  1, 4, false,  4,  4,  5},  // layer_021
    {Format::dense,  80,  64,  64,  64, 9, kTaps5,  48, 1,  64, 24,  1, 1, false,  4,  4,  5},  // layer_022
    {  Format::bcs,  82,  60,  64,   1, 1, kTaps2,  32, 4,  64, 24,  1, 4, false,  4,  4,  5},  // layer_023
    {  Format::bcs,  88,  64,  60,   1, 1, kTaps2,  32, 4,  60, 24,  1, 4, false,  4,  4,  5},  // layer_024
    {Format::dense,  94,  64,  64,  64, 9, kTaps5,  48, 1,  64, 24,  1, 1, false,  4,  4,  5},  // layer_025
    {  Format::bcs,  96,  64,  64,   1, 1, kTaps2,  32, 4,  64, 24,  1, 4, false,  4,  4,  5},  // layer_026
    {Format::dense, 102,  64,  64,  64, 9, kTaps6,  64, 1,  64,  8,  1, 1, false,  2,  2,  3},  // layer_028
    {Format::dense, 104, 128,  64,   1, 1, kTaps2,  16, 8,  64,  8,  1, 4, false,  2,  2,  3},  // layer_029
    {Format::dense, 106,  51, 128,   1, 1, kTaps2,  16, 8, 128,  8,  1, 4, false,  2,  2,  3},  // layer_030
    {Format::dense, 108,  51,  51,  51, 9, kTaps7,  32, 1,  51,  8,  1, 1, false,  2,  2,  3},  // layer_031
    {Format::dense, 110, 115,  64,   1, 1, kTaps2,  16, 8,  64,  8,  1, 4, false,  2,  2,  3},  // layer_033
    {Format::dense, 112, 115,  51,   1, 1, kTaps2,  16, 8,  51,  8,  1, 4, false,  2,  2,  3},  // layer_034
    {  Format::bcs, 114, 121, 115,   1, 1, kTaps2,  16, 8, 115,  8,  1, 4, false,  2,  2,  3},  // layer_035
    {Format::dense, 120, 121, 121, 121, 9, kTaps7,  32, 1, 121,  8,  1, 1, false,  2,  2,  3},  // layer_036
    {  Format::bcs, 122, 115, 121,   1, 1, kTaps2,  16, 8, 121,  8,  1, 4, false,  2,  2,  3},  // layer_037
    {  Format::bcs, 128,  10, 115,   1, 1, kTaps2,   1, 8, 115,  0,  0, 4, false,  1,  1,  1},  // layer_039
};

// Name, values read (-1: none, or the caller's array), value written.
constexpr LayerInfo kLayers[] = {
    {"layer_000", {-1, -1}, 0},
    {"layer_001", {0, -1}, 1},
    {"layer_002", {1, -1}, 2},
    {"layer_003", {2, 1}, 3},
    {"layer_004", {3, -1}, 4},
    {"layer_005", {4, 3}, 5},
    {"layer_006", {5, -1}, 6},
    {"layer_007", {6, -1}, 7},
    {"layer_008", {5, -1}, 8},
    {"layer_009", {8, -1}, 9},
    {"layer_010", {7, 9}, 10},
    {"layer_011", {10, -1}, 11},
    {"layer_012", {11, -1}, 12},
    {"layer_013", {12, -1}, 13},
    {"layer_014", {13, -1}, 14},
    {"layer_015", {14, 10}, 15},
    {"layer_016", {15, -1}, 16},
    {"layer_017", {16, -1}, 17},
    {"layer_018", {17, -1}, 18},
    {"layer_019", {15, -1}, 19},
    {"layer_020", {19, -1}, 20},
    {"layer_021", {18, 20}, 21},
    {"layer_022", {21, -1}, 22},
    {"layer_023", {22, -1}, 23},
    {"layer_024", {23, -1}, 24},
    {"layer_025", {24, -1}, 25},
    {"layer_026", {25, 21}, 26},
    {"layer_027", {26, -1}, 27},
    {"layer_028", {27, -1}, 28},
    {"layer_029", {28, -1}, 29},
    {"layer_030", {29, -1}, 30},
    {"layer_031", {30, -1}, 31},
    {"layer_032", {26, -1}, 32},
    {"layer_033", {32, -1}, 33},
    {"layer_034", {31, 33}, 34},
    {"layer_035", {34, -1}, 35},
    {"layer_036", {35, -1}, 36},
    {"layer_037", {36, 34}, 37},
    {"layer_038", {37, -1}, 38},
    {"layer_039", {38, -1}, 39},
    {"layer_040", {39, -1}, -1},
};

constexpr Layout kInputs[] = {{1, 16, 16, 16, 0, 256}};
constexpr Layout kOutputs[] = {{10, 1, 1, 1, 0, 1}};

constexpr Description kDescription = {
    0x205411b2bc7b92faull, 134, 16400,
    kValues, 40, kIndexed, 32, kLayers, 41,
    kInputs, 1, kOutputs, 1, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace npas_digits
