// The C interface of digits.
#include "digits/digits.h"

#include "npas/interface.h"

namespace {

namespace own = npas_digits;

constexpr int kThreads = 1;
constexpr std::size_t kInputSizes[] = {256};
constexpr std::size_t kOutputSizes[] = {10};

// A digits_model is a Model to everybody but the caller, who sees neither's contents.
own::Model** inner(digits_model** model) { return reinterpret_cast<own::Model**>(model); }
own::Model* inner(digits_model* model) { return reinterpret_cast<own::Model*>(model); }
digits_status outer(own::Status status) { return static_cast<digits_status>(status); }

}  // namespace

extern "C" {

digits_status digits_create(
    const char* weights_path, int threads, digits_model** model) {
    return outer(own::create(weights_path, threads, kThreads, inner(model)));
}

digits_status digits_create_from_memory(
    const void* bytes, size_t size, int threads, digits_model** model) {
    return outer(own::create(bytes, size, threads, kThreads, inner(model)));
}

digits_status digits_run(
    digits_model* model, const float* const* inputs, float* const* outputs) {
    return outer(own::run(inner(model), inputs, outputs));
}

void digits_destroy(digits_model* model) { own::destroy(inner(model)); }

size_t digits_input_size(int i) { return i >= 0 && i < DIGITS_INPUTS ? kInputSizes[i] : 0; }

size_t digits_output_size(int i) { return i >= 0 && i < DIGITS_OUTPUTS ? kOutputSizes[i] : 0; }

const char* digits_status_text(digits_status status) { return own::status_text(static_cast<own::Status>(status)); }

const char* digits_detail(void) { return own::detail(); }

int digits_abi_version(void) { return DIGITS_ABI_VERSION; }

}  // extern "C"
