<%page args="view"/>\
// What the runtime must know of ${view.name}: where its values lie, and its layers with weights.
#include "layers.h"
#include "npas/description.h"

namespace ${view.namespace} {

void forward(Run& run);

namespace {

// channels, height, width, pitch, origin, plane; offset in the arena. All in floats.
constexpr Value kValues[] = {
% for value in view.values:
    ${value}
% endfor
};

// Floats from an output pixel to the input pixel under each position of the kernel.
% for taps in view.taps:
${taps}
% endfor

% if view.indexed:
// Format, first section; filters, channels, groups, taps and where they lie, channel stride; rows, channel block,
// tile, tiles, tiles at a time, whether threads share out pixels; width, height and pitch of the output.
constexpr IndexedSpec kIndexed[] = {
% for layer in view.indexed:
    ${layer}
% endfor
};
% else:
constexpr const IndexedSpec* kIndexed = nullptr;  // no layer has weights
% endif

// Name, values read (-1: none, or the caller's array), value written.
constexpr LayerInfo kLayers[] = {
% for layer in view.layers:
    {"${layer.function}", {${layer.inputs[0]}, ${layer.inputs[1]}}, ${layer.output}},
% endfor
};

constexpr Layout kInputs[] = {${", ".join(view.inputs)}};
constexpr Layout kOutputs[] = {${", ".join(view.outputs)}};

constexpr Description kDescription = {
    ${view.fingerprint}, ${view.sections}, ${view.arena},
    kValues, ${len(view.values)}, kIndexed, ${len(view.indexed)}, kLayers, ${len(view.layers)},
    kInputs, ${len(view.inputs)}, kOutputs, ${len(view.outputs)}, forward,
};

}  // namespace

const Description& description() { return kDescription; }

}  // namespace ${view.namespace}
