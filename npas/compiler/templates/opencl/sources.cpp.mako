<%page args="view"/>\
// The kernels of ${view.name}, as the device's compiler gets them: each text behind the prelude, by itself.
#include "npas/model.h"

namespace ${view.namespace} {

namespace {

% for i, (path, text) in enumerate(view.texts):
// ${path}
constexpr char kText${i}[] = R"opencl(${text})opencl";

% endfor
constexpr Source kSources[] = {
% for kernel, text in view.kernels:
    {"${kernel}", kText${text}},
% endfor
};

// kernels/npas.clh
constexpr char kPrelude[] = R"opencl(#define LANES ${view.lanes}
${view.prelude})opencl";

}  // namespace

const char* prelude() { return kPrelude; }

const Source* sources(std::size_t& count) {
    count = sizeof kSources / sizeof *kSources;
    return kSources;
}

Wanted wanted_device() { return {"${view.platform}", "${view.device}"}; }

}  // namespace ${view.namespace}
