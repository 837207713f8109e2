<%page args="view"/>\
// What the runtime must know of ${view.name}: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace ${view.namespace} {

void forward(Run& run);

namespace {

// channels, height, width; pitch, origin and plane in pixels, channels in a pixel; offset in the arena, in numbers.
constexpr Value kValues[] = {
% for value in view.values:
    ${value}
% endfor
};

// Floats from an output pixel to the input pixel under each position of the kernel.
% for taps in view.taps:
${taps}
% endfor

% if view.copies:
// What kernels copy of a channel: row and column of the window, vectors behind those of the lines, the first vector.
% for copies in view.copies:
${copies}
% endfor

% endif
% if view.indexed:
// Format, first section; filters, channels, groups, taps, whether weights are halves, where taps lie, channels in a pixel of the input, plane
// step; rows, depth, lists, whether filters lie in lanes; channel block, tile, tiles, tiles at a time, whether threads share
// out pixels; width, height and pitch of the output; grid of tiles; copies of their input.
constexpr IndexedSpec kIndexed[] = {
% for layer in view.indexed:
    ${layer}
% endfor
};
% else:
constexpr const IndexedSpec* kIndexed = nullptr;  // no layer has weights
% endif

% if view.depthwise:
// First section; channels, taps, channels in a plane; padding at the top and on the left; height of the image.
constexpr DepthwiseSpec kDepthwise[] = {
% for layer in view.depthwise:
    ${layer}
% endfor
};
% else:
constexpr const DepthwiseSpec* kDepthwise = nullptr;
% endif

% if view.winograd:
// First section; filters, channels; kernel, stride; channels in a pixel of the input, planes of transformed tiles
// and channels in each; filters in a group; tile, tiles in a row and in all, tiles at a time, whether threads share out tiles, and how many
// at most; padding.
constexpr WinogradSpec kWinograd[] = {
% for layer in view.winograd:
    ${layer}
% endfor
};
% else:
constexpr const WinogradSpec* kWinograd = nullptr;
% endif

% if view.constants:
// Values that the network brings along, and the sections that hold them.
constexpr Stationary kConstants[] = {${", ".join(view.constants)}};
% else:
constexpr const Stationary* kConstants = nullptr;
% endif

// Name, value written (-1: the caller's array).
constexpr LayerInfo kLayers[] = {
% for layer in view.layers:
    {"${layer.function}", ${layer.output}},
% endfor
};

constexpr Layout kInputs[] = {${", ".join(view.inputs)}};
constexpr Layout kOutputs[] = {${", ".join(view.outputs)}};

constexpr Description kDescription = {
    ${view.fingerprint}, ${view.sections}, ${view.arena},
    kValues, ${len(view.values)}, kIndexed, ${len(view.indexed)}, kDepthwise, ${len(view.depthwise)},
    kWinograd, ${len(view.winograd)}, kConstants, ${len(view.constants)}, kLayers, ${len(view.layers)},
    kInputs, ${len(view.inputs)}, kOutputs, ${len(view.outputs)}, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace ${view.namespace}
