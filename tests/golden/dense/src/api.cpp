// The C interface of net.
#include "net/net.h"

#include "npas/interface.h"

namespace {

namespace own = npas_net;

constexpr int kThreads = 2;
constexpr std::size_t kInputSizes[] = {192};
constexpr std::size_t kOutputSizes[] = {5};

// A net_model is a Model to everybody but the caller, who sees neither's contents.
own::Model** inner(net_model** model) { return reinterpret_cast<own::Model**>(model); }
own::Model* inner(net_model* model) { return reinterpret_cast<own::Model*>(model); }
net_status outer(own::Status status) { return static_cast<net_status>(status); }

}  // namespace

extern "C" {

net_status net_create(
    const char* weights_path, int threads, net_model** model) {
    return outer(own::create(weights_path, threads, kThreads, inner(model)));
}

net_status net_create_from_memory(
    const void* bytes, size_t size, int threads, net_model** model) {
    return outer(own::create(bytes, size, threads, kThreads, inner(model)));
}

net_status net_run(
    net_model* model, const float* const* inputs, float* const* outputs) {
    return outer(own::run(inner(model), inputs, outputs));
}

void net_destroy(net_model* model) { own::destroy(inner(model)); }

size_t net_input_size(int i) { return i >= 0 && i < NET_INPUTS ? kInputSizes[i] : 0; }

size_t net_output_size(int i) { return i >= 0 && i < NET_OUTPUTS ? kOutputSizes[i] : 0; }

const char* net_status_text(net_status status) { return own::status_text(static_cast<own::Status>(status)); }

const char* net_detail(void) { return own::detail(); }

int net_abi_version(void) { return NET_ABI_VERSION; }

}  // extern "C"
