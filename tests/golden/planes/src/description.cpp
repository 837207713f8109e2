// What the runtime must know of net: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace npas_net {

void forward(Run& run);

namespace {

// channels, height, width; pitch, origin and plane in pixels, channels in a pixel; offset in the arena, in numbers.
constexpr Value kValues[] = {
    {  {3, 18, 18, 19, 32, 400, 1},    0},  // 0
    { {16,  9,  9,  9,  0,  81, 8}, 1792},  // 1
    { {16,  9,  9,  9,  0, 112, 1},    0},  // 2
    {  {8,  9,  9,  9,  0, 112, 1}, 5376},  // 3
    {  {8,  1,  1,  1,  0,   1, 1}, 2496},  // 4
    {{704,  1,  1,  1,  0,   1, 1}, 1792},  // 5
    { {24,  9,  9,  9, 16, 112, 1},    0},  // 6
    {  {8,  1,  1,  1,  0,   1, 1}, 2688},  // 7
    {  {8,  1,  1,  1,  0,   1, 1}, 2720},  // 8
    { {24,  9,  9,  9,  0, 112, 1}, 2688},  // 9
    {  {8,  9,  9,  9,  0, 112, 1},    0},  // 10
    {  {8,  1,  1,  1,  0,   1, 1}, 1152},  // 11
    {{256,  1,  1,  1,  0,   1, 1},  896},  // 12
    { {24,  9,  9,  9, 16, 112, 1},  896},  // 13
    {  {8,  1,  1,  1,  0,   1, 1}, 3600},  // 14
    {  {8,  1,  1,  1,  0,   1, 1}, 3632},  // 15
    { {24,  5,  5,  5,  0,  48, 1}, 3600},  // 16
    { {12,  5,  5,  5,  0,  32, 1},    0},  // 17
    {  {8,  1,  1,  1,  0,   1, 1},  576},  // 18
    {{192,  1,  1,  1,  0,   1, 1},  384},  // 19
    { {12,  1,  1,  1,  0,   1, 1},  384},  // 20
    {  {5,  1,  1,  1,  0,   1, 1},    0},  // 21
};

// Floats from an output pixel to the input pixel under each position of the kernel.
constexpr std::int32_t kTaps0[] = {-20, -19, -18, -1, 0, 1, 18, 19, 20};
constexpr std::int32_t kTaps1[] = {0};

// What kernels copy of a channel: row and column of the window, vectors behind those of the lines, the first vector.
constexpr CopyPart kCopies0[] = {{0, 0, 0, 0}};

// Format, first section; filters, channels, groups, taps, whether weights are halves, where taps lie, channels in a pixel of the input, plane
// step; rows, depth, lists, whether filters lie in lanes; channel block, tile, tiles, tiles at a time, whether threads share
// out pixels; width, height and pitch of the output; grid of tiles; copies of their input.
constexpr IndexedSpec kIndexed[] = {
    {Format::dense,  0, 16,  3, 1, 9, false, kTaps0, 1, 400, 16, 1, 1,  true,  3, 6, 14, 14,  true, 9, 9, 9, {14, 11, 38, 9},                                                                {}},  // layer_001
    {  Format::csr,  4,  8, 16, 1, 1, false, kTaps1, 1, 112,  1, 1, 1, false,  8, 8,  1,  1, false, 9, 9, 9,    {1, 1, 0, 1}, {11, 11, 0, 8, 14, kCopies0, 1, 1, 1, 0, 0, 8, 8, 2, true, false}},  // layer_003
    {  Format::csr,  8, 24,  8, 1, 1, false, kTaps1, 1, 112,  1, 1, 2, false,  8, 8,  3,  1, false, 9, 9, 9,    {1, 1, 0, 1},   {4, 11, 0, 8, 14, kCopies0, 1, 1, 1, 0, 0, 8, 8, 2, true, true}},  // layer_004
    {  Format::csr, 14,  8, 24, 1, 1, false, kTaps1, 1, 112,  1, 1, 2, false,  8, 8,  3,  1, false, 9, 9, 9,    {1, 1, 0, 1},   {4, 11, 0, 8, 14, kCopies0, 1, 1, 1, 0, 0, 8, 8, 2, true, true}},  // layer_006
    {  Format::csr, 18, 24,  8, 1, 1, false, kTaps1, 1, 112,  1, 1, 2, false,  8, 8,  4,  1, false, 9, 9, 9,    {1, 1, 0, 1},   {3, 11, 0, 8, 14, kCopies0, 1, 1, 1, 0, 0, 8, 8, 2, true, true}},  // layer_007
    {  Format::csr, 24, 12, 24, 1, 1, false, kTaps1, 1,  48,  1, 1, 2, false,  8, 8,  2,  1, false, 5, 5, 5,    {1, 1, 0, 1},     {2, 4, 0, 8, 6, kCopies0, 1, 1, 1, 0, 0, 4, 4, 2, true, true}},  // layer_009
    {Format::dense, 28,  5, 12, 1, 1, false, kTaps1, 1,   1,  8, 1, 1,  true, 12, 0,  0,  4, false, 1, 1, 1,    {0, 0, 0, 1},                                                                {}},  // layer_011
};

// First section; channels, taps, channels in a plane; padding at the top and on the left; height of the image.
constexpr DepthwiseSpec kDepthwise[] = {
    { 2, 16, 9, 8, 1, 1, 9},  // layer_002
    {12, 24, 9, 1, 1, 1, 9},  // layer_005
    {22, 24, 9, 1, 1, 1, 9},  // layer_008
};

constexpr const WinogradSpec* kWinograd = nullptr;

constexpr const Stationary* kConstants = nullptr;

// Name, value written (-1: the caller's array).
constexpr LayerInfo kLayers[] = {
    {"layer_000", 0},
    {"layer_001", 1},
    {"layer_002", 2},
    {"layer_003", 3},
    {"layer_004", 6},
    {"layer_005", 9},
    {"layer_006", 10},
    {"layer_007", 13},
    {"layer_008", 16},
    {"layer_009", 17},
    {"layer_010", 20},
    {"layer_011", 21},
    {"layer_012", -1},
};

constexpr Layout kInputs[] = {{3, 18, 18, 18, 0, 324, 1}};
constexpr Layout kOutputs[] = {{5, 1, 1, 1, 0, 1, 1}};

constexpr Description kDescription = {
    0x179a35eaa8e0c7bbull, 30, 6288,
    kValues, 22, kIndexed, 7, kDepthwise, 3,
    kWinograd, 0, kConstants, 0, kLayers, 13,
    kInputs, 1, kOutputs, 1, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace npas_net
