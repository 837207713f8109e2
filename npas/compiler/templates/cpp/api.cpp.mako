<%page args="view"/>\
<%
n, u = view.name, view.upper
%>\
// The C interface of ${n}: checks arguments, and lets no exception out.
#include "${n}/${n}.h"

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "npas/model.h"

using namespace ${view.namespace};

struct ${n}_model {
    std::unique_ptr<Model> model;
};

namespace {

constexpr int kThreads = ${view.threads};
constexpr std::size_t kInputSizes[] = {${", ".join(map(str, view.input_sizes))}};
constexpr std::size_t kOutputSizes[] = {${", ".join(map(str, view.output_sizes))}};

thread_local std::string detail;

${n}_status finish(Status status, Weights&& weights, int threads, ${n}_model** out) {
    if (status == Status::ok) {
        std::unique_ptr<Model> model;
        status = Model::create(description(), std::move(weights), threads == 0 ? kThreads : threads, model, detail);
        if (status == Status::ok) {
            *out = new (std::nothrow) ${n}_model{std::move(model)};
            if (*out == nullptr) status = Status::memory;
        }
    }
    return static_cast<${n}_status>(status);
}

Status explained(Status status, const Model& model) {
    if (status == Status::ok) return status;
    try {
        detail = model.why();
    } catch (...) {  // no memory for the words
        detail.clear();
    }
    return status;
}

bool valid(const void* source, int threads, ${n}_model** out) {
    detail.clear();
    if (out == nullptr) return false;
    *out = nullptr;
    return source != nullptr && threads >= 0 && threads <= kMostThreads;
}

}  // namespace

extern "C" {

${n}_status ${n}_create(
    const char* weights_path, int threads, ${n}_model** model) {
    if (!valid(weights_path, threads, model)) return ${u}_ERROR_ARGUMENT;
    const Description& d = description();
    Weights weights;
    const Status status = Weights::read(weights_path, d.fingerprint, d.sections, weights);
    return finish(status, std::move(weights), threads, model);
}

${n}_status ${n}_create_from_memory(
    const void* bytes, size_t size, int threads, ${n}_model** model) {
    if (!valid(bytes, threads, model)) return ${u}_ERROR_ARGUMENT;
    const Description& d = description();
    Weights weights;
    const Status status = Weights::parse(bytes, size, d.fingerprint, d.sections, weights);
    return finish(status, std::move(weights), threads, model);
}

${n}_status ${n}_run(
    ${n}_model* model, const float* const* inputs, float* const* outputs) {
    if (model == nullptr || inputs == nullptr || outputs == nullptr) return ${u}_ERROR_ARGUMENT;
    for (int i = 0; i < ${u}_INPUTS; ++i) {
        if (inputs[i] == nullptr) return ${u}_ERROR_ARGUMENT;
    }
    for (int i = 0; i < ${u}_OUTPUTS; ++i) {
        if (outputs[i] == nullptr) return ${u}_ERROR_ARGUMENT;
    }
    const Status status = model->model->run(inputs, outputs);
    return static_cast<${n}_status>(explained(status, *model->model));
}

void ${n}_destroy(${n}_model* model) { delete model; }

size_t ${n}_input_size(int i) { return i >= 0 && i < ${u}_INPUTS ? kInputSizes[i] : 0; }

size_t ${n}_output_size(int i) { return i >= 0 && i < ${u}_OUTPUTS ? kOutputSizes[i] : 0; }

const char* ${n}_status_text(${n}_status status) { return status_text(static_cast<Status>(status)); }

const char* ${n}_detail(void) { return detail.c_str(); }

int ${n}_abi_version(void) { return ${u}_ABI_VERSION; }

}  // extern "C"
