// How an operation ended.
#pragma once

#include "npas/config.h"

namespace NPAS_NAMESPACE {

// The values are those of the C API.
enum class Status : int {
    ok = 0,
    argument = 1,     // a null pointer or a number out of range
    file = 2,         // the weights file cannot be read
    format = 3,       // not a weights file, truncated, or an index out of bounds
    corrupt = 4,      // the hash differs
    other_model = 5,  // the weights of another build
    memory = 6,
    device = 7,         // no OpenCL library, or no such device
    kernel = 8,         // the device's compiler refuses a kernel
    device_memory = 9,  // more than the device has, or gives at once
    device_lost = 10,   // the device failed at its work
};

// A sentence without a full stop; "unknown status" for a number that is none.
const char* status_text(Status status);

// The exit status of a tool that ends with it: 7 where the device is to blame, 8 where a kernel does not compile,
// else 1.
int status_exit(Status status);

}  // namespace NPAS_NAMESPACE
