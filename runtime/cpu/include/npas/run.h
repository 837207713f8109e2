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
    Run(Model& model, int thread, Observer* observer) : model_(model), thread_(thread), observer_(observer) {}

    // Runs a layer piece by piece, whichever thread is free taking the next, and waits for the others.
    void operator()(Layer layer);
    // Runs a layer once on every thread, and waits for the others; the layer shares out its work itself.
    void together(Layer layer);

    // The piece at hand of all, in a layer that runs piece by piece.
    Share share() const { return {piece_, pieces_}; }
    // In a layer that runs together: this thread of all; the next number from 0 on that no other thread has; and a
    // place where all wait for each other.
    Share seat() const;
    int next() const;
    void barrier() const;
    View value(int i) const;
    const Indexed& indexed(int i) const;
    const Depthwise& depthwise(int i) const;
    const Winograd& winograd(int i) const;
    // The caller's arrays.
    ConstView input(int i) const;
    View output(int i) const;

  private:
    void observed(Layer layer, bool together);
    void pieces(Layer layer);

    Model& model_;
    int thread_, layer_ = 0;
    int piece_ = 0, pieces_ = 1;
    Observer* observer_;
};

}  // namespace NPAS_NAMESPACE
