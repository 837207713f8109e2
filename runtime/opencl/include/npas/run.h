// What a layer sees when a model is made: it says once which kernels compute it, on what; every inference then runs
// them in this order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

#include "npas/config.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

class Model;
class Run;
using Layer = void (*)(Run&);

// Work items: `x`, in groups of so many (the last may reach over), times `y` and `z`.
struct Items {
    int x, y = 1, z = 1;
};

// The arguments of one kernel, in the order of its parameters.
class Launch {
  public:
    Launch(Model& model, std::size_t index) : model_(model), index_(index) {}

    Launch& value(int i);
    // A value's numbers in another layout than its own.
    Launch& value(int i, const Layout& layout);
    // The caller's arrays.
    Launch& input(int i);
    Launch& output(int i);
    // The weights of a layer, as the description numbers them.
    Launch& indexed(int i);
    Launch& depthwise(int i);
    Launch& winograd(int i);
    // With the weights in an image.
    Launch& indexed_image(int i);
    Launch& winograd_image(int i);
    Launch& winograd_bias(int i);
    Launch& number(std::int32_t x);
    Launch& real(float x);
    // Numbers by value, as one argument.
    template <std::size_t Count>
    Launch& record(const std::int32_t (&numbers)[Count]) {
        return argument(sizeof numbers, numbers);
    }
    // Numbers in a buffer of their own.
    template <class Number, std::size_t Count>
    Launch& table(const Number (&numbers)[Count]) {
        return buffer(sizeof numbers, numbers);
    }

  private:
    Launch& argument(std::size_t bytes, const void* data);
    Launch& buffer(std::size_t bytes, const void* data);

    Model& model_;
    std::size_t index_;
};

class Run {
  public:
    explicit Run(Model& model) : model_(model) {}

    // The next layer of the network.
    void operator()(Layer layer);
    // In a layer: the next kernel that it runs, in groups of so many work items.
    Launch launch(const char* kernel, Items items, std::size_t group);
    // Groups of filters of a layer over lists.
    int groups(int i) const;

  private:
    Model& model_;
};

}  // namespace NPAS_NAMESPACE
