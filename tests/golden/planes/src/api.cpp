// The C interface of net: checks arguments, and lets no exception out.
#include "net/net.h"

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "npas/model.h"

using namespace npas_net;

struct net_model {
    std::unique_ptr<Model> model;
};

namespace {

constexpr int kThreads = 2;
constexpr std::size_t kInputSizes[] = {972};
constexpr std::size_t kOutputSizes[] = {5};

thread_local std::string detail;

net_status finish(Status status, Weights&& weights, int threads, net_model** out) {
    if (status == Status::ok) {
        std::unique_ptr<Model> model;
        status = Model::create(description(), std::move(weights), threads == 0 ? kThreads : threads, model, detail);
        if (status == Status::ok) {
            *out = new (std::nothrow) net_model{std::move(model)};
            if (*out == nullptr) status = Status::memory;
        }
    }
    return static_cast<net_status>(status);
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

bool valid(const void* source, int threads, net_model** out) {
    detail.clear();
    if (out == nullptr) return false;
    *out = nullptr;
    return source != nullptr && threads >= 0 && threads <= kMostThreads;
}

}  // namespace

extern "C" {

net_status net_create(
    const char* weights_path, int threads, net_model** model) {
    if (!valid(weights_path, threads, model)) return NET_ERROR_ARGUMENT;
    const Description& d = description();
    Weights weights;
    const Status status = Weights::read(weights_path, d.fingerprint, d.sections, weights);
    return finish(status, std::move(weights), threads, model);
}

net_status net_create_from_memory(
    const void* bytes, size_t size, int threads, net_model** model) {
    if (!valid(bytes, threads, model)) return NET_ERROR_ARGUMENT;
    const Description& d = description();
    Weights weights;
    const Status status = Weights::parse(bytes, size, d.fingerprint, d.sections, weights);
    return finish(status, std::move(weights), threads, model);
}

net_status net_run(
    net_model* model, const float* const* inputs, float* const* outputs) {
    if (model == nullptr || inputs == nullptr || outputs == nullptr) return NET_ERROR_ARGUMENT;
    for (int i = 0; i < NET_INPUTS; ++i) {
        if (inputs[i] == nullptr) return NET_ERROR_ARGUMENT;
    }
    for (int i = 0; i < NET_OUTPUTS; ++i) {
        if (outputs[i] == nullptr) return NET_ERROR_ARGUMENT;
    }
    const Status status = model->model->run(inputs, outputs);
    return static_cast<net_status>(explained(status, *model->model));
}

void net_destroy(net_model* model) { delete model; }

size_t net_input_size(int i) { return i >= 0 && i < NET_INPUTS ? kInputSizes[i] : 0; }

size_t net_output_size(int i) { return i >= 0 && i < NET_OUTPUTS ? kOutputSizes[i] : 0; }

const char* net_status_text(net_status status) { return status_text(static_cast<Status>(status)); }

const char* net_detail(void) { return detail.c_str(); }

int net_abi_version(void) { return NET_ABI_VERSION; }

}  // extern "C"
