#include "npas/status.h"

namespace NPAS_NAMESPACE {

const char* status_text(Status status) {
    switch (status) {
        case Status::ok: return "ok";
        case Status::argument: return "a null pointer or a number out of range";
        case Status::file: return "the weights file cannot be read";
        case Status::format: return "not a weights file, truncated, or an index out of bounds";
        case Status::corrupt: return "the weights' hash differs";
        case Status::other_model: return "the weights of another build";
        case Status::memory: return "no memory or no threads";
        case Status::device: return "no OpenCL library, or no such device";
        case Status::kernel: return "the device's compiler refuses a kernel";
        case Status::device_memory: return "more than the device has, or gives at once";
        case Status::device_lost: return "the device failed at its work";
    }
    return "unknown status";
}

int status_exit(Status status) {
    switch (status) {
        case Status::device:
        case Status::device_memory:
        case Status::device_lost: return 7;
        case Status::kernel: return 8;
        default: return status == Status::ok ? 0 : 1;
    }
}

}  // namespace NPAS_NAMESPACE
