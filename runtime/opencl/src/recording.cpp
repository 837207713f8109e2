// A model while it is made: its layers say which kernels compute them.
#include <algorithm>
#include <cstring>

#include "npas/model.h"

namespace NPAS_NAMESPACE {

namespace {

std::size_t rounded(std::size_t items, std::size_t group) { return (items + group - 1) / group * group; }

}  // namespace

void Model::fail(Status status, const std::string& why) {
    if (failed_ != Status::ok) return;
    failed_ = status;
    why_ = why;
}

const Program* Model::program(const char* kernel) {
    std::size_t count = 0;
    const Source* all = sources(count);
    const Source* own =
        std::find_if(all, all + count, [&](const Source& s) { return std::strcmp(s.kernel, kernel) == 0; });
    if (own == all + count) {
        fail(Status::kernel, std::string("there is no kernel ") + kernel);
        return nullptr;
    }
    const auto known = programs_.find(own->text);
    if (known != programs_.end()) return &known->second;
    Program made;
    std::string why;
    const Status status = device_->program(prelude(), *own, made, why);
    if (status != Status::ok) {
        fail(status, why);
        return nullptr;
    }
    return &programs_.emplace(own->text, std::move(made)).first->second;
}

std::size_t Model::begin_step(const char* kernel, Items items, std::size_t group) {
    const std::size_t none = steps_.size();
    if (failed_ != Status::ok) return none;
    const Program* from = program(kernel);
    if (from == nullptr) return none;
    cl_int code = kSuccess;
    const cl_kernel made = device_->cl().clCreateKernel(from->get(), kernel, &code);
    if (made == nullptr) {
        fail(Status::kernel, std::string("no kernel ") + kernel + ", error " + std::to_string(code));
        return none;
    }
    const std::size_t own = std::min(group, device_->most_work_items(made));
    const auto x = static_cast<std::size_t>(items.x), y = static_cast<std::size_t>(items.y);
    steps_.push_back({Kernel(&device_->cl(), made),
                      layer_,
                      0,
                      {rounded(x, own), y, static_cast<std::size_t>(items.z)},
                      {own, 1, 1}});
    return none;
}

void Model::argument(std::size_t step, std::size_t bytes, const void* data) {
    if (failed_ != Status::ok || step >= steps_.size()) return;
    Step& to = steps_[step];
    const cl_int code = device_->cl().clSetKernelArg(to.kernel.get(), to.arguments, bytes, data);
    if (code != kSuccess) {
        fail(Status::kernel, "argument " + std::to_string(to.arguments) + " of step " + std::to_string(step) +
                                 " is refused, error " + std::to_string(code));
    }
    ++to.arguments;
}

void Model::memory(std::size_t step, cl_mem data) { argument(step, sizeof data, &data); }

void Model::view(std::size_t step, cl_mem data, const Layout& layout, std::size_t offset) {
    memory(step, data);
    const std::int32_t placed[] = {layout.channels, layout.height, layout.width, layout.pitch,
                                   layout.origin,   layout.plane,  layout.block, static_cast<std::int32_t>(offset)};
    argument(step, sizeof placed, placed);
}

void Model::table(std::size_t step, std::size_t bytes, const void* data) {
    Memory made;
    std::string why;
    const Status status = device_->buffer(bytes, data, made, why);
    if (status != Status::ok) return fail(status, why);
    memory(step, made.get());
    tables_.push_back(std::move(made));
}

// A layer may launch several kernels on the same weights.
void Model::into_image(WeightsBuffer& weights) {
    if (failed_ != Status::ok || weights.is_image) return;
    Memory image;
    std::string why;
    const Status status = device_->image(weights.memory, weights.bytes, weights.half, image, why);
    if (status != Status::ok) return fail(status, why);
    weights.memory = std::move(image);
    weights.is_image = true;
}

void Run::operator()(Layer layer) {
    model_.begin_layer();
    layer(*this);
}

Launch Run::launch(const char* kernel, Items items, std::size_t group) {
    return {model_, model_.begin_step(kernel, items, group)};
}

int Run::groups(int i) const { return model_.indexed_[static_cast<std::size_t>(i)].groups; }

Launch& Launch::value(int i) { return value(i, model_.description().values[i].layout); }

Launch& Launch::value(int i, const Layout& layout) {
    const Value& v = model_.description().values[i];
    const auto origin = static_cast<std::size_t>(v.layout.origin) * static_cast<std::size_t>(v.layout.block);
    model_.view(index_, model_.arena_.get(), layout, v.offset + origin);
    return *this;
}

Launch& Launch::input(int i) {
    model_.view(index_, model_.inputs_[static_cast<std::size_t>(i)].get(), model_.description().inputs[i], 0);
    return *this;
}

Launch& Launch::output(int i) {
    model_.view(index_, model_.outputs_[static_cast<std::size_t>(i)].get(), model_.description().outputs[i], 0);
    return *this;
}

Launch& Launch::indexed(int i) {
    const Model::IndexedBuffers& own = model_.indexed_[static_cast<std::size_t>(i)];
    for (const Memory* m : {&own.weights.memory, &own.offsets, &own.bounds, &own.first_weight, &own.bias, &own.rows}) {
        model_.memory(index_, m->get());
    }
    return *this;
}

Launch& Launch::depthwise(int i) {
    const Model::DepthwiseBuffers& own = model_.depthwise_[static_cast<std::size_t>(i)];
    model_.memory(index_, own.weights.get());
    model_.memory(index_, own.bias.get());
    return *this;
}

Launch& Launch::winograd(int i) {
    const Model::WinogradBuffers& own = model_.winograd_[static_cast<std::size_t>(i)];
    model_.memory(index_, own.weights.memory.get());
    model_.memory(index_, own.offsets.get());
    return *this;
}

Launch& Launch::indexed_image(int i) {
    model_.into_image(model_.indexed_[static_cast<std::size_t>(i)].weights);
    return indexed(i);
}

Launch& Launch::winograd_image(int i) {
    model_.into_image(model_.winograd_[static_cast<std::size_t>(i)].weights);
    return winograd(i);
}

Launch& Launch::winograd_bias(int i) {
    model_.memory(index_, model_.winograd_[static_cast<std::size_t>(i)].bias.get());
    return *this;
}

Launch& Launch::number(std::int32_t x) { return argument(sizeof x, &x); }
Launch& Launch::real(float x) { return argument(sizeof x, &x); }

Launch& Launch::argument(std::size_t bytes, const void* data) {
    model_.argument(index_, bytes, data);
    return *this;
}

Launch& Launch::buffer(std::size_t bytes, const void* data) {
    model_.table(index_, bytes, data);
    return *this;
}

}  // namespace NPAS_NAMESPACE
