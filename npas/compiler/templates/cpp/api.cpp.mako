<%page args="view"/>\
<%
n, u = view.name, view.upper
%>\
// The C interface of ${n}.
#include "${n}/${n}.h"

#include "npas/interface.h"

namespace {

namespace own = ${view.namespace};

constexpr int kThreads = ${view.threads};
constexpr std::size_t kInputSizes[] = {${", ".join(map(str, view.input_sizes))}};
constexpr std::size_t kOutputSizes[] = {${", ".join(map(str, view.output_sizes))}};

// A ${n}_model is a Model to everybody but the caller, who sees neither's contents.
own::Model** inner(${n}_model** model) { return reinterpret_cast<own::Model**>(model); }
own::Model* inner(${n}_model* model) { return reinterpret_cast<own::Model*>(model); }
${n}_status outer(own::Status status) { return static_cast<${n}_status>(status); }

}  // namespace

extern "C" {

${n}_status ${n}_create(
    const char* weights_path, int threads, ${n}_model** model) {
    return outer(own::create(weights_path, threads, kThreads, inner(model)));
}

${n}_status ${n}_create_from_memory(
    const void* bytes, size_t size, int threads, ${n}_model** model) {
    return outer(own::create(bytes, size, threads, kThreads, inner(model)));
}

${n}_status ${n}_run(
    ${n}_model* model, const float* const* inputs, float* const* outputs) {
    return outer(own::run(inner(model), inputs, outputs));
}

void ${n}_destroy(${n}_model* model) { own::destroy(inner(model)); }

size_t ${n}_input_size(int i) { return i >= 0 && i < ${u}_INPUTS ? kInputSizes[i] : 0; }

size_t ${n}_output_size(int i) { return i >= 0 && i < ${u}_OUTPUTS ? kOutputSizes[i] : 0; }

const char* ${n}_status_text(${n}_status status) { return own::status_text(static_cast<own::Status>(status)); }

const char* ${n}_detail(void) { return own::detail(); }

int ${n}_abi_version(void) { return ${u}_ABI_VERSION; }

}  // extern "C"
