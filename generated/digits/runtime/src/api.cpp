// The C interface of digits: checks arguments, and lets no exception out.
#include "digits/digits.h"

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "npas/model.h"

using namespace npas_digits;

struct digits_model {
    std::unique_ptr<Model> model;
};

namespace {

constexpr int kThreads = 1;
constexpr std::size_t kInputSizes[] = {256};
constexpr std::size_t kOutputSizes[] = {10};

thread_local std::string detail;

digits_status finish(Status status, Weights&& weights, int threads, digits_model** out) {
    if (status == Status::ok) {
        std::unique_ptr<Model> model;
        status = Model::create(description(), std::move(weights), threads == 0 ? kThreads : threads, model, detail);
        if (status == Status::ok) {
            *out = new (std::nothrow) digits_model{std::move(model)};
            if (*out == nullptr) status = Status::memory;
        }
    }
    return static_cast<digits_status>(status);
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

bool valid(const void* source, int threads, digits_model** out) {
    detail.clear();
    if (out == nullptr) return false;
    *out = nullptr;
    return source != nullptr && threads >= 0 && threads <= kMostThreads;
}

}  // namespace

extern "C" {

digits_status digits_create(
    const char* weights_path, int threads, digits_model** model) {
    if (!valid(weights_path, threads, model)) return DIGITS_ERROR_ARGUMENT;
    const Description& d = description();
    Weights weights;
    const Status status = Weights::read(weights_path, d.fingerprint, d.sections, weights);
    return finish(status, std::move(weights), threads, model);
}

digits_status digits_create_from_memory(
    const void* bytes, size_t size, int threads, digits_model** model) {
    if (!valid(bytes, threads, model)) return DIGITS_ERROR_ARGUMENT;
    const Description& d = description();
    Weights weights;
    const Status status = Weights::parse(bytes, size, d.fingerprint, d.sections, weights);
    return finish(status, std::move(weights), threads, model);
}

digits_status digits_run(
    digits_model* model, const float* const* inputs, float* const* outputs) {
    if (model == nullptr || inputs == nullptr || outputs == nullptr) return DIGITS_ERROR_ARGUMENT;
    for (int i = 0; i < DIGITS_INPUTS; ++i) {
        if (inputs[i] == nullptr) return DIGITS_ERROR_ARGUMENT;
    }
    for (int i = 0; i < DIGITS_OUTPUTS; ++i) {
        if (outputs[i] == nullptr) return DIGITS_ERROR_ARGUMENT;
    }
    const Status status = model->model->run(inputs, outputs);
    return static_cast<digits_status>(explained(status, *model->model));
}

void digits_destroy(digits_model* model) { delete model; }

size_t digits_input_size(int i) { return i >= 0 && i < DIGITS_INPUTS ? kInputSizes[i] : 0; }

size_t digits_output_size(int i) { return i >= 0 && i < DIGITS_OUTPUTS ? kOutputSizes[i] : 0; }

const char* digits_status_text(digits_status status) { return status_text(static_cast<Status>(status)); }

const char* digits_detail(void) { return detail.c_str(); }

int digits_abi_version(void) { return DIGITS_ABI_VERSION; }

}  // extern "C"
