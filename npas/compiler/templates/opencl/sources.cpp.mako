<%page args="view"/>\
// The kernels of ${view.name}, as the device's compiler gets them: each text behind the prelude, by itself.
#include "npas/sources.h"

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
constexpr char kPrelude[] = R"opencl(\
% for name in view.defined:
#define ${name}
% endfor
${view.prelude})opencl";

}  // namespace

const char* prelude() { return kPrelude; }

const Source* sources(std::size_t& count) {
    count = sizeof kSources / sizeof *kSources;
    return kSources;
}

Wanted wanted_device() { return {"${view.platform}", "${view.device}", ${str(view.half_products).lower()}}; }

bool half_values() { return ${str(view.half_values).lower()}; }

}  // namespace ${view.namespace}
