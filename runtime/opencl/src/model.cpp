#include "npas/model.h"

#include <algorithm>

#include "npas/half.h"
#include "npas/loaded.h"
#include "npas/winograd.h"

namespace NPAS_NAMESPACE {

namespace {

std::size_t elements(const Layout& l) {
    return static_cast<std::size_t>(l.channels) * static_cast<std::size_t>(l.height) *
           static_cast<std::size_t>(l.width);
}

// Of a number of a value.
std::size_t stored_bytes() { return half_values() ? sizeof(std::uint16_t) : sizeof(float); }

std::size_t in_planes(const Layout& l) {
    return static_cast<std::size_t>(l.planes()) * static_cast<std::size_t>(l.plane_step());
}

template <class T>
std::size_t bytes_of(const std::vector<T>& v) {
    return v.size() * sizeof(T);
}

}  // namespace

Status Model::create(const Description& description, Weights&& weights, int threads, std::unique_ptr<Model>& out,
                     std::string& why) {
    try {
        std::unique_ptr<Model> model(new Model);
        model->description_ = &description;
        Status status = Device::open(wanted_device(), threads, model->device_, why);
        if (status != Status::ok) return status;
        Weights own = std::move(weights);
        status = model->prepare(own);
        why = model->why_;
        if (status == Status::ok) out = std::move(model);
        return status;
    } catch (...) {  // no memory: nothing may cross the C interface
        return Status::memory;
    }
}

Status Model::prepare(Weights& weights) {
    Status status = room();
    indexed_.resize(static_cast<std::size_t>(description_->indexed_count));
    for (std::size_t i = 0; i < indexed_.size() && status == Status::ok; ++i) {
        status = upload(description_->indexed[i], weights, indexed_[i]);
    }
    depthwise_.resize(static_cast<std::size_t>(description_->depthwise_count));
    for (std::size_t i = 0; i < depthwise_.size() && status == Status::ok; ++i) {
        status = upload(description_->depthwise[i], weights, depthwise_[i]);
    }
    winograd_.resize(static_cast<std::size_t>(description_->winograd_count));
    for (std::size_t i = 0; i < winograd_.size() && status == Status::ok; ++i) {
        status = upload(description_->winograd[i], weights, winograd_[i]);
    }
    if (status == Status::ok) status = constants(weights);
    if (status != Status::ok) return status;
    for (std::size_t i = 0; i < float_inputs_.size(); ++i) {
        convert("narrow", float_inputs_[i], inputs_[i], description_->inputs[i]);
    }
    Run run(*this);
    description_->forward(run);
    begin_layer();
    for (std::size_t i = 0; i < float_outputs_.size(); ++i) {
        convert("widen", outputs_[i], float_outputs_[i], description_->outputs[i]);
    }
    if (failed_ != Status::ok) return failed_;
    return check(device_->cl().clFinish(device_->queue()), "what was written to it");
}

// The arena, zeroed, and the caller's arrays.
Status Model::room() {
    const std::size_t bytes = description_->arena * stored_bytes();
    Status status = buffer(bytes, nullptr, arena_);
    if (status == Status::ok) {
        const std::uint16_t zero = 0;
        status = check(device_->cl().clEnqueueFillBuffer(device_->queue(), arena_.get(), &zero, sizeof zero, 0, bytes,
                                                         0, nullptr, nullptr),
                       "its memory");
    }
    const auto arrays = [&](const Layout* layouts, int count, std::size_t number, std::vector<Memory>& to) {
        to.resize(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < to.size() && status == Status::ok; ++i) {
            status = buffer(elements(layouts[i]) * number, nullptr, to[i]);
        }
    };
    arrays(description_->inputs, description_->input_count, stored_bytes(), inputs_);
    arrays(description_->outputs, description_->output_count, stored_bytes(), outputs_);
    if (half_values()) {
        arrays(description_->inputs, description_->input_count, sizeof(float), float_inputs_);
        arrays(description_->outputs, description_->output_count, sizeof(float), float_outputs_);
    }
    return status;
}

// An array of the caller's to or from what values are stored as.
void Model::convert(const char* kernel, const Memory& from, const Memory& to, const Layout& layout) {
    const auto count = static_cast<std::int32_t>(elements(layout));
    const std::size_t step = begin_step(kernel, {(count + 3) / 4}, 32);
    memory(step, from.get());
    memory(step, to.get());
    argument(step, sizeof count, &count);
}

Status Model::upload(const IndexedSpec& spec, const Weights& weights, IndexedBuffers& out) {
    LoadedIndexed loaded;
    Status status = NPAS_NAMESPACE::prepare(spec, weights, 1, loaded);
    if (status != Status::ok) return status;
    const Indexed& view = loaded.view;
    out.groups = view.groups;
    const std::size_t count = weights[static_cast<std::size_t>(spec.first_section)].count;
    const auto put = [&](std::size_t bytes, const void* data, Memory& to) {
        if (status == Status::ok) status = buffer(bytes, data, to);
    };
    const void* stored = spec.half ? static_cast<const void*>(view.halves) : view.weights;
    status = buffer(count * (spec.half ? sizeof(std::uint16_t) : sizeof(float)), stored, spec.half, out.weights);
    put(bytes_of(loaded.offsets), view.offsets, out.offsets);
    put(bytes_of(loaded.bounds), view.bounds, out.bounds);
    put(bytes_of(loaded.first_weight), view.first_weight, out.first_weight);
    put(bytes_of(loaded.bias), view.bias, out.bias);
    put(bytes_of(loaded.rows), view.rows, out.rows);
    return status;
}

Status Model::upload(const DepthwiseSpec& spec, const Weights& weights, DepthwiseBuffers& out) {
    Depthwise loaded;
    Status status = NPAS_NAMESPACE::prepare(spec, weights, loaded);
    if (status != Status::ok) return status;
    const auto first = static_cast<std::size_t>(spec.first_section);
    status = buffer(weights[first].count * sizeof(float), loaded.weights, out.weights);
    if (status == Status::ok) status = buffer(weights[first + 1].count * sizeof(float), loaded.bias, out.bias);
    return status;
}

Status Model::upload(const WinogradSpec& spec, const Weights& weights, WinogradBuffers& out) {
    LoadedWinograd loaded;
    Status status = NPAS_NAMESPACE::prepare(spec, weights, loaded);
    if (status == Status::ok) status = buffer(loaded.weight_bytes, loaded.view.weights, false, out.weights);
    if (status == Status::ok) status = buffer(bytes_of(loaded.offsets), loaded.view.offsets, out.offsets);
    if (status == Status::ok) status = buffer(bytes_of(loaded.bias), loaded.view.bias, out.bias);
    return status;
}

Status Model::constants(const Weights& weights) {
    for (int i = 0; i < description_->constant_count; ++i) {
        const Stationary& constant = description_->constants[i];
        const Section& section = weights[static_cast<std::size_t>(constant.section)];
        const Value& to = description_->values[constant.value];  // a plain array
        if (section.type != Type::f32 || section.count != elements(to.layout)) return Status::format;
        const Status status = write(constant.value, section.floats());
        if (status != Status::ok) return status;
    }
    return Status::ok;
}

Status Model::buffer(std::size_t bytes, const void* data, Memory& out) {
    return device_->buffer(bytes, data, out, why_);
}

Status Model::buffer(std::size_t bytes, const void* data, bool half, WeightsBuffer& out) {
    out.bytes = bytes;
    out.half = half;
    return buffer(bytes, data, out.memory);
}

Status Model::check(cl_int code, const char* what) const {
    if (code == kSuccess) return Status::ok;
    why_ = std::string("the OpenCL device failed at ") + what + ", error " + std::to_string(code);
    return Status::device_lost;
}

Status Model::run(const float* const* inputs, float* const* outputs, Observer* observer) {
    const OpenCl& cl = device_->cl();
    const cl_command_queue queue = device_->queue();
    Status status = Status::ok;
    for (std::size_t i = 0; i < inputs_.size() && status == Status::ok; ++i) {
        const std::size_t bytes = elements(description_->inputs[i]) * sizeof(float);
        const Memory& to = half_values() ? float_inputs_[i] : inputs_[i];
        status =
            check(cl.clEnqueueWriteBuffer(queue, to.get(), 0, 0, bytes, inputs[i], 0, nullptr, nullptr), "an input");
    }
    if (observer != nullptr) {
        if (status == Status::ok) status = observed(*observer);
    } else {
        for (std::size_t i = 0; i < steps_.size() && status == Status::ok; ++i)
            status = enqueue(steps_[i], queue, nullptr);
    }
    for (std::size_t i = 0; i < outputs_.size() && status == Status::ok; ++i) {
        const std::size_t bytes = elements(description_->outputs[i]) * sizeof(float);
        const Memory& from = half_values() ? float_outputs_[i] : outputs_[i];
        status =
            check(cl.clEnqueueReadBuffer(queue, from.get(), 0, 0, bytes, outputs[i], 0, nullptr, nullptr), "an output");
    }
    const Status finished = check(cl.clFinish(queue), "an inference");  // whatever else failed: arrays are the caller's
    return status == Status::ok ? finished : status;
}

Status Model::enqueue(const Step& step, cl_command_queue queue, cl_event* event) const {
    return check(device_->cl().clEnqueueNDRangeKernel(queue, step.kernel.get(), 3, nullptr, step.items, step.group, 0,
                                                      nullptr, event),
                 "a kernel");
}

Status Model::observed(Observer& observer) {
    std::size_t begin = 0;
    Status status = Status::ok;
    for (; is_of_layer(begin, -1) && status == Status::ok; ++begin) {
        status = enqueue(steps_[begin], device_->queue(), nullptr);
    }
    for (int layer = 0; layer < description_->layer_count && status == Status::ok; ++layer) {
        std::size_t end = begin;
        while (is_of_layer(end, layer)) ++end;
        if (observer.wants(layer)) {
            double ms = 0.0;
            status = observed_layer(begin, end, ms);
            if (status == Status::ok) observer.after(layer, ms);
        }
        begin = end;
    }
    for (; begin < steps_.size() && status == Status::ok; ++begin) {
        status = enqueue(steps_[begin], device_->queue(), nullptr);
    }
    return status;
}

Status Model::observed_layer(std::size_t begin, std::size_t end, double& ms) {
    const OpenCl& cl = device_->cl();
    // A queue of its own: that events are timed costs every kernel of a queue.
    const cl_command_queue queue = device_->timing_queue();
    Status status = check(queue == nullptr ? kOutOfHostMemory : cl.clFinish(device_->queue()), "a layer");
    std::vector<cl_event> events;
    for (std::size_t i = begin; i < end && status == Status::ok; ++i) {
        cl_event event = nullptr;
        status = enqueue(steps_[i], queue, &event);
        if (status == Status::ok) events.push_back(event);
    }
    const Status finished = queue == nullptr ? status : check(cl.clFinish(queue), "a layer");
    for (const cl_event event : events) {
        cl_ulong start = 0, stop = 0;
        cl.clGetEventProfilingInfo(event, kCommandStart, sizeof start, &start, nullptr);
        cl.clGetEventProfilingInfo(event, kCommandEnd, sizeof stop, &stop, nullptr);
        if (stop > start) ms += static_cast<double>(stop - start) * 1e-6;
        cl.clReleaseEvent(event);
    }
    return status == Status::ok ? finished : status;
}

Status Model::read(int value, float* array) const {
    const Value& v = description_->values[value];
    const std::size_t origin = static_cast<std::size_t>(v.layout.origin) * static_cast<std::size_t>(v.layout.block);
    std::vector<float> memory(in_planes(v.layout));
    std::vector<std::uint16_t> halves(half_values() ? memory.size() : 0);
    const std::size_t bytes = memory.size() * stored_bytes();
    void* const to = half_values() ? static_cast<void*>(halves.data()) : memory.data();
    const Status status =
        check(device_->cl().clEnqueueReadBuffer(device_->queue(), arena_.get(), kTrue, v.offset * stored_bytes(), bytes,
                                                to, 0, nullptr, nullptr),
              "a value");
    std::transform(halves.begin(), halves.end(), memory.begin(), widened);
    const Layout plain = plain_layout(v.layout);
    if (status == Status::ok) copy(ConstView{memory.data() + origin, &v.layout}, {array, &plain}, {0, 1});
    return status;
}

Status Model::write(int value, const float* array) {
    const Value& v = description_->values[value];
    const std::size_t origin = static_cast<std::size_t>(v.layout.origin) * static_cast<std::size_t>(v.layout.block);
    std::vector<float> memory(in_planes(v.layout), 0.0f);
    const Layout plain = plain_layout(v.layout);
    copy({array, &plain}, {memory.data() + origin, &v.layout}, {0, 1});
    std::vector<std::uint16_t> halves(half_values() ? memory.size() : 0);
    if (half_values()) std::transform(memory.begin(), memory.end(), halves.begin(), narrowed);
    const std::size_t bytes = memory.size() * stored_bytes();
    const void* const from = half_values() ? static_cast<const void*>(halves.data()) : memory.data();
    return check(device_->cl().clEnqueueWriteBuffer(device_->queue(), arena_.get(), kTrue, v.offset * stored_bytes(),
                                                    bytes, from, 0, nullptr, nullptr),
                 "a value");
}

}  // namespace NPAS_NAMESPACE
