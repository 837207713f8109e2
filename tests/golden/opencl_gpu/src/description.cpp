// What the runtime must know of net: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace npas_net {

void forward(Run& run);

namespace {

// channels, height, width; pitch, origin and plane in pixels, channels in a pixel; offset in the arena, in numbers.
constexpr Value kValues[] = {
    {   {3, 8, 8, 9, 16, 112, 1},    0},  // 0
    {   {8, 8, 8, 9, 10,  91, 4}, 4208},  // 1
    {   {8, 8, 8, 9, 10,  91, 4}, 3456},  // 2
    {{3456, 1, 1, 1,  0,   1, 1},    0},  // 3
    {   {8, 8, 8, 9, 10,  91, 4},    0},  // 4
    {  {12, 4, 4, 4,  0,  16, 4},  736},  // 5
    {  {12, 1, 1, 1,  0,   1, 1},    0},  // 6
    {   {5, 1, 1, 1,  0,   1, 1},   64},  // 7
};

// Floats from an output pixel to the input pixel under each position of the kernel.
constexpr std::int32_t kTaps0[] = {-10, -9, -8, -1, 0, 1, 8, 9, 10};
constexpr std::int32_t kTaps1[] = {-40, -36, -32, -4, 0, 4, 32, 36, 40};
constexpr std::int32_t kTaps2[] = {0};

// Format, first section; filters, channels, groups, taps, whether weights are halves, where taps lie, channels in a pixel of the input, plane
// step; rows, depth, lists, whether filters lie in lanes; channel block, tile, tiles, tiles at a time, whether threads share
// out pixels; width, height and pitch of the output; grid of tiles; copies of their input.
constexpr IndexedSpec kIndexed[] = {
    {Format::dense,  0,  8,  3, 1, 9, false, kTaps0, 1, 112, 4, 1, 1, true,  3, 1, 64, 32, false, 8, 8, 9,  {8, 0, 9, 1}, {}},  // layer_001
    {  Format::bcs,  6, 12,  8, 1, 9, false, kTaps1, 4, 364, 4, 4, 1, true,  8, 1, 16, 32, false, 4, 4, 4, {4, 0, 72, 1}, {}},  // layer_004
    {Format::dense, 12,  5, 12, 1, 1, false, kTaps2, 1,   1, 4, 1, 1, true, 12, 0,  0, 64, false, 1, 1, 1,  {0, 0, 0, 1}, {}},  // layer_006
};

// First section; channels, taps, channels in a plane; padding at the top and on the left; height of the image.
constexpr DepthwiseSpec kDepthwise[] = {
    {4, 8, 9, 4, 1, 1, 8},  // layer_003
};

// First section; filters, channels; kernel, stride; channels in a pixel of the input, planes of transformed tiles
// and channels in each; filters in a group; tile, tiles in a row and in all, tiles at a time, whether threads share out tiles, and how many
// at most; padding.
constexpr WinogradSpec kWinograd[] = {
    {2, 8, 8, 3, 1, 4, 2, 4, 4, 4, 2, 4, 4, false, 1, 1, 1, 1, 1},  // layer_002
};

constexpr const Stationary* kConstants = nullptr;

// Name, value written (-1: the caller's array).
constexpr LayerInfo kLayers[] = {
    {"layer_000", 0},
    {"layer_001", 1},
    {"layer_002", 2},
    {"layer_003", 4},
    {"layer_004", 5},
    {"layer_005", 6},
    {"layer_006", 7},
    {"layer_007", -1},
};

constexpr Layout kInputs[] = {{3, 8, 8, 8, 0, 64, 1}};
constexpr Layout kOutputs[] = {{5, 1, 1, 1, 0, 1, 1}};

constexpr Description kDescription = {
    0x2e9fc9e9c654d7ceull, 14, 4960,
    kValues, 8, kIndexed, 3, kDepthwise, 1,
    kWinograd, 1, kConstants, 0, kLayers, 8,
    kInputs, 1, kOutputs, 1, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace npas_net
