#include "npas/interface.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "npas/model.h"

namespace NPAS_NAMESPACE {

namespace {

thread_local std::string last_detail;

bool valid(const void* source, int threads, Model** model) {
    last_detail.clear();
    if (model == nullptr) return false;
    *model = nullptr;
    return source != nullptr && threads >= 0 && threads <= kMostThreads;
}

// Of weights that were read with this status.
Status create(Status read, Weights&& weights, int threads, int usual, Model** model) {
    if (read != Status::ok) return read;
    std::unique_ptr<Model> made;
    const Status status =
        Model::create(description(), std::move(weights), threads == 0 ? usual : threads, made, last_detail);
    *model = made.release();
    return status;
}

template <typename T>
bool all_given(T* const* arrays, int count) {
    return arrays != nullptr && std::find(arrays, arrays + count, nullptr) == arrays + count;
}

}  // namespace

Status create(const char* weights_path, int threads, int usual, Model** model) {
    if (!valid(weights_path, threads, model)) return Status::argument;
    const Description& d = description();
    Weights weights;
    const Status status = Weights::read(weights_path, d.fingerprint, d.sections, weights);
    return create(status, std::move(weights), threads, usual, model);
}

Status create(const void* bytes, std::size_t size, int threads, int usual, Model** model) {
    if (!valid(bytes, threads, model)) return Status::argument;
    const Description& d = description();
    Weights weights;
    const Status status = Weights::parse(bytes, size, d.fingerprint, d.sections, weights);
    return create(status, std::move(weights), threads, usual, model);
}

Status run(Model* model, const float* const* inputs, float* const* outputs) {
    last_detail.clear();
    if (model == nullptr || !all_given(inputs, description().input_count) ||
        !all_given(outputs, description().output_count))
        return Status::argument;
    const Status status = model->run(inputs, outputs);
    if (status == Status::ok) return status;
    try {
        last_detail = model->why();
    } catch (...) {  // no memory for the words: there are none
    }
    return status;
}

void destroy(Model* model) { delete model; }

const char* detail() { return last_detail.c_str(); }

}  // namespace NPAS_NAMESPACE
