// Looking on while a model runs.
#pragma once

#include "npas/config.h"

namespace NPAS_NAMESPACE {

// Looks on between the layers: profiles, traces, single layers. `after` is called by one thread alone, with the layer's
// time; `wants` by every thread, to each of which it must say the same.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual bool wants(int layer) = 0;
    virtual void after(int layer, double ms) = 0;
};

}  // namespace NPAS_NAMESPACE
