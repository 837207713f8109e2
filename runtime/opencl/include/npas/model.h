// A model at work on an OpenCL device: buffers and kernels made once, and its inferences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "npas/config.h"
#include "npas/description.h"
#include "npas/device.h"
#include "npas/observer.h"
#include "npas/run.h"
#include "npas/sources.h"
#include "npas/tensor.h"
#include "npas/weights.h"

namespace NPAS_NAMESPACE {

constexpr int kMostThreads = 256;

class Model {
  public:
    // On a device that is a processor, `threads` of its cores compute. The result is null unless the status is ok;
    // `why` then says more than the status does.
    static Status create(const Description& description, Weights&& weights, int threads, std::unique_ptr<Model>& out,
                         std::string& why);
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    // inputs and outputs are compact arrays, as many and as large as the description says. An observer hears how long a
    // layer's kernels took by the device's own clock.
    Status run(const float* const* inputs, float* const* outputs, Observer* observer = nullptr);
    // What the device said of the last failure.
    const char* why() const { return why_.c_str(); }

    const Description& description() const { return *description_; }
    // Copies a value to or from a plain array, between runs or while an observer looks on.
    Status read(int value, float* array) const;
    Status write(int value, const float* array);

  private:
    friend class Run;
    friend class Launch;

    // Weights that a kernel may read from a buffer or from an image.
    struct WeightsBuffer {
        Memory memory;
        std::size_t bytes = 0;
        bool half = false, is_image = false;
    };
    // The arrays of a layer over lists, of a depthwise one, and of one by Winograd's method.
    struct IndexedBuffers {
        WeightsBuffer weights;
        Memory offsets, bounds, first_weight, bias, rows;
        int groups = 0;
    };
    struct DepthwiseBuffers {
        Memory weights, bias;
    };
    struct WinogradBuffers {
        WeightsBuffer weights;
        Memory offsets, bias;
    };
    struct Step {
        Kernel kernel;
        int layer;  // -1 and behind the last: between the caller's floats and halves
        cl_uint arguments;
        std::size_t items[3], group[3];
    };

    Model() = default;
    Status prepare(Weights& weights);
    Status upload(const IndexedSpec& spec, const Weights& weights, IndexedBuffers& out);
    Status upload(const DepthwiseSpec& spec, const Weights& weights, DepthwiseBuffers& out);
    Status upload(const WinogradSpec& spec, const Weights& weights, WinogradBuffers& out);
    Status constants(const Weights& weights);
    Status room();
    void convert(const char* kernel, const Memory& from, const Memory& to, const Layout& layout);
    bool is_of_layer(std::size_t step, int layer) const { return step < steps_.size() && steps_[step].layer == layer; }
    Status buffer(std::size_t bytes, const void* data, Memory& out);
    Status buffer(std::size_t bytes, const void* data, bool half, WeightsBuffer& out);
    Status enqueue(const Step& step, cl_command_queue queue, cl_event* event) const;
    Status observed(Observer& observer);
    Status observed_layer(std::size_t begin, std::size_t end, double& ms);
    Status check(cl_int code, const char* what) const;

    // While layers are recorded. The first failure stays; what follows it does nothing.
    void fail(Status status, const std::string& why);
    void begin_layer() { ++layer_; }
    std::size_t begin_step(const char* kernel, Items items, std::size_t group);
    const Program* program(const char* kernel);
    void argument(std::size_t step, std::size_t bytes, const void* data);
    void view(std::size_t step, cl_mem data, const Layout& layout, std::size_t offset);
    void memory(std::size_t step, cl_mem data);
    void table(std::size_t step, std::size_t bytes, const void* data);
    void into_image(WeightsBuffer& weights);

    const Description* description_ = nullptr;
    std::unique_ptr<Device> device_;
    Memory arena_;
    std::vector<Memory> inputs_, outputs_, tables_;
    std::vector<Memory> float_inputs_, float_outputs_;  // where inputs_ and outputs_ have halves
    std::vector<IndexedBuffers> indexed_;
    std::vector<DepthwiseBuffers> depthwise_;
    std::vector<WinogradBuffers> winograd_;
    std::map<std::string, Program> programs_;
    std::vector<Step> steps_;
    int layer_ = -1;
    Status failed_ = Status::ok;
    mutable std::string why_;
};

}  // namespace NPAS_NAMESPACE
