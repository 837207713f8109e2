// What one thread sees of one inference: all that a layer needs.
#pragma once

#include "npas/config.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

class Model;
class Observer;
class Run;
struct Depthwise;
struct Indexed;
struct Winograd;
using Layer = void (*)(Run&);

class Run {
  public:
    Run(const Model& model, int thread, Observer* observer) : model_(model), thread_(thread), observer_(observer) {}

    // Does this thread's share of a layer and waits for the others.
    void operator()(Layer layer);

    Share share() const;
    // Inside a layer: waits until every thread has come here.
    void barrier() const;
    View value(int i) const;
    const Indexed& indexed(int i) const;
    const Depthwise& depthwise(int i) const;
    const Winograd& winograd(int i) const;
    // The caller's arrays.
    ConstView input(int i) const;
    View output(int i) const;

  private:
    const Model& model_;
    int thread_, layer_ = 0;
    Observer* observer_;
};

}  // namespace NPAS_NAMESPACE
