// What a network's C functions call: arguments are checked here, and no exception leaves. Hardly anything is included,
// since the file of those functions is another one for each network, and compiled anew.
#pragma once

#include <cstddef>

#include "npas/config.h"
#include "npas/status.h"

namespace NPAS_NAMESPACE {

class Model;

// With `usual` threads where `threads` is 0. The model is null unless the status is ok; `detail` may then say more.
Status create(const char* weights_path, int threads, int usual, Model** model);
Status create(const void* weights, std::size_t size, int threads, int usual, Model** model);

// As many arrays as the description says, none of them null.
Status run(Model* model, const float* const* inputs, float* const* outputs);

void destroy(Model* model);

// What the calling thread's last failure said beside its status; empty where that says all.
const char* detail();

}  // namespace NPAS_NAMESPACE
