#include "npas/model.h"

#include <chrono>
#include <cstring>
#include <new>

#include "npas/formats.h"
#include "npas/team.h"

namespace NPAS_NAMESPACE {

namespace {

// A few for each thread: one that was held up takes fewer.
int pieces_of(int threads) { return threads == 1 ? 1 : 4 * threads; }

struct Job {
    Model* model;
    Observer* observer;
};

// All ones on the pixels of a padded plane, zero on the margins between its rows and beyond its end.
std::vector<std::int32_t> pixel_mask(const IndexedSpec& spec) {
    std::vector<std::int32_t> mask(static_cast<std::size_t>(spec.tile) * static_cast<std::size_t>(spec.tiles), 0);
    for (int y = 0; y < spec.height; ++y) {
        for (int x = 0; x < spec.width; ++x) mask[static_cast<std::size_t>(y * spec.pitch + x)] = -1;
    }
    return mask;
}

bool same_plane(const IndexedSpec& a, const IndexedSpec& b) {
    return a.tile * a.tiles == b.tile * b.tiles && a.width == b.width && a.height == b.height && a.pitch == b.pitch;
}

}  // namespace

void Run::operator()(Layer layer) { observed(layer, false); }
void Run::together(Layer layer) { observed(layer, true); }

void Run::observed(Layer layer, bool together) {
    const auto run = [&] { together ? layer(*this) : pieces(layer); };
    if (observer_ == nullptr) {
        run();
        model_.team().barrier();
    } else if (observer_->wants(layer_)) {
        model_.team().barrier();
        const auto start = std::chrono::steady_clock::now();
        run();
        model_.team().barrier();
        const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
        if (thread_ == 0) observer_->after(layer_, time.count());
        model_.team().barrier();
    }
    ++layer_;
}

void Run::pieces(Layer layer) {
    pieces_ = pieces_of(model_.team().size());
    if (pieces_ == 1) return layer(*this);
    for (piece_ = next(); piece_ < pieces_; piece_ = next()) layer(*this);
}

Share Run::seat() const { return {thread_, model_.team().size()}; }
int Run::next() const {
    return model_.counters_[static_cast<std::size_t>(layer_)].value.fetch_add(1, std::memory_order_relaxed);
}
void Run::barrier() const { model_.team().barrier(); }
View Run::value(int i) const { return model_.view(i); }
const Indexed& Run::indexed(int i) const { return model_.indexed_[static_cast<std::size_t>(i)].view; }
const Depthwise& Run::depthwise(int i) const { return model_.depthwise_[static_cast<std::size_t>(i)]; }
const Winograd& Run::winograd(int i) const { return model_.winograd_[static_cast<std::size_t>(i)].view; }
ConstView Run::input(int i) const { return {model_.inputs_[i], &model_.description().inputs[i]}; }
View Run::output(int i) const { return {model_.outputs_[i], &model_.description().outputs[i]}; }

Model::~Model() { release(arena_); }

View Model::view(int value) const {
    const Value& v = description_->values[value];
    return {arena_ + v.offset + static_cast<std::ptrdiff_t>(v.layout.origin) * v.layout.block, &v.layout};
}

Status Model::read(int value, float* array) const {
    const View from = view(value);
    const Layout plain = plain_layout(*from.layout);
    copy(from, {array, &plain}, {0, 1});
    return Status::ok;
}

Status Model::write(int value, const float* array) {
    const View to = view(value);
    const Layout plain = plain_layout(*to.layout);
    copy({array, &plain}, to, {0, 1});
    return Status::ok;
}

Status Model::prepare_layers(int threads) {
    const auto count = static_cast<std::size_t>(description_->indexed_count);
    indexed_.resize(count);
    masks_.reserve(count);
    std::vector<const IndexedSpec*> owners;
    for (std::size_t i = 0; i < count; ++i) {
        const IndexedSpec& spec = description_->indexed[i];
        const Status status = prepare(spec, weights_, pieces_of(threads), indexed_[i]);
        if (status != Status::ok) return status;
        const auto first = static_cast<std::size_t>(spec.first_section);
        weights_.discard(first + 2, index_sections(spec.format));
        if (!indexed_[i].weights.empty()) weights_.discard(first);
        if (spec.lanes || spec.packing.lines > 0 || spec.tiles == 0) continue;
        std::size_t mask = 0;
        while (mask < owners.size() && !same_plane(*owners[mask], spec)) ++mask;
        if (mask == owners.size()) {
            owners.push_back(&spec);
            masks_.push_back(pixel_mask(spec));
        }
        indexed_[i].view.mask = masks_[mask].data();
    }
    depthwise_.resize(static_cast<std::size_t>(description_->depthwise_count));
    for (std::size_t i = 0; i < depthwise_.size(); ++i) {
        const Status status = prepare(description_->depthwise[i], weights_, depthwise_[i]);
        if (status != Status::ok) return status;
    }
    winograd_.resize(static_cast<std::size_t>(description_->winograd_count));
    for (std::size_t i = 0; i < winograd_.size(); ++i) {
        const Status status = prepare(description_->winograd[i], weights_, winograd_[i]);
        if (status != Status::ok) return status;
        weights_.discard(static_cast<std::size_t>(description_->winograd[i].first_section));
    }
    return Status::ok;
}

Status Model::fill_constants() {
    for (int i = 0; i < description_->constant_count; ++i) {
        const Stationary& constant = description_->constants[i];
        const Section& section = weights_[static_cast<std::size_t>(constant.section)];
        const View to = view(constant.value);  // a plain array
        const std::size_t count =
            static_cast<std::size_t>(to.layout->channels) * static_cast<std::size_t>(to.layout->plane);
        if (section.type != Type::f32 || section.count != count) return Status::format;
        std::memcpy(to.data, section.data, count * sizeof(float));
        weights_.discard(static_cast<std::size_t>(constant.section));
    }
    return Status::ok;
}

Status Model::create(const Description& description, Weights&& weights, int threads, std::unique_ptr<Model>& out,
                     std::string&) {
    try {
        std::unique_ptr<Model> model(new Model);
        model->description_ = &description;
        model->weights_ = std::move(weights);
        const Status status = model->prepare_layers(threads);
        if (status != Status::ok) return status;
        const std::size_t bytes = description.arena * sizeof(float);
        model->arena_ = static_cast<float*>(allocate(bytes));
        if (model->arena_ == nullptr) return Status::memory;
        std::memset(model->arena_, 0, bytes);
        const Status filled = model->fill_constants();
        if (filled != Status::ok) return filled;
        model->counters_.reset(new Counter[static_cast<std::size_t>(description.layer_count)]);
        model->team_.reset(new Team(threads));
        out = std::move(model);
        return Status::ok;
    } catch (...) {  // no memory, or no more threads: nothing may cross the C interface
        return Status::memory;
    }
}

Status Model::run(const float* const* inputs, float* const* outputs, Observer* observer) {
    inputs_ = inputs;
    outputs_ = outputs;
    for (int i = 0; i < description_->layer_count; ++i) {
        counters_[static_cast<std::size_t>(i)].value.store(0, std::memory_order_relaxed);
    }
    Job job{this, observer};
    team_->run(
        [](void* context, int thread) {
            const Job& at = *static_cast<Job*>(context);
            Run run(*at.model, thread, at.observer);
            at.model->description().forward(run);
        },
        &job);
    return Status::ok;
}

}  // namespace NPAS_NAMESPACE
