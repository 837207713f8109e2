// One OpenCL device at work: context, queue, buffers and kernels, each released with its owner.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "npas/config.h"
#include "npas/opencl.h"
#include "npas/sources.h"
#include "npas/weights.h"

namespace NPAS_NAMESPACE {

// Handles that go back to the library when their owner goes.
template <class Handle, cl_int (*OpenCl::*Release)(Handle)>
class Owned {
  public:
    Owned() = default;
    Owned(const OpenCl* cl, Handle handle) : cl_(cl), handle_(handle) {}
    Owned(Owned&& other) noexcept : cl_(other.cl_), handle_(other.handle_) { other.handle_ = nullptr; }
    Owned& operator=(Owned&& other) noexcept {
        std::swap(cl_, other.cl_);
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Owned() {
        if (handle_ != nullptr) (cl_->*Release)(handle_);
    }
    Handle get() const { return handle_; }

  private:
    const OpenCl* cl_ = nullptr;
    Handle handle_ = nullptr;
};

using Memory = Owned<cl_mem, &OpenCl::clReleaseMemObject>;
using Kernel = Owned<cl_kernel, &OpenCl::clReleaseKernel>;
using Program = Owned<cl_program, &OpenCl::clReleaseProgram>;

// Texels in a row of an image of numbers, as in npas.clh.
constexpr std::size_t kTexels = 2048;

class Device {
  public:
    // Opens the device; of one that is a processor, `threads` cores where it has more. On failure says why.
    static Status open(const Wanted& wanted, int threads, std::unique_ptr<Device>& out, std::string& why);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    const OpenCl& cl() const { return *cl_; }
    cl_command_queue queue() const { return queue_; }
    // One whose events know when they began and ended, made when it is asked for; null where that fails.
    cl_command_queue timing_queue();
    // In a group of this kernel.
    std::size_t most_work_items(cl_kernel kernel) const;

    // A buffer of at least one byte, with the bytes at `data` where that is given. Says why not.
    Status buffer(std::size_t bytes, const void* data, Memory& out, std::string& why) const;
    // An image with the first numbers of a buffer, four a texel: floats, or halves. Says why not.
    Status image(const Memory& buffer, std::size_t bytes, bool half, Memory& out, std::string& why) const;
    // A program of one kernel, from this user's cache of binaries or compiled and put there.
    Status program(const char* prelude, const Source& source, Program& out, std::string& why) const;

  private:
    Device() = default;
    Status compile(const std::string& text, const char* kernel, Program& out, std::string& why) const;
    bool from_cache(const std::string& path, Program& out) const;
    void to_cache(const std::string& path, const Program& program) const;
    std::string text_of(cl_uint what) const;

    const OpenCl* cl_ = nullptr;
    cl_device_id whole_ = nullptr, device_ = nullptr;  // the same but for a part of the cores
    cl_context context_ = nullptr;
    cl_command_queue queue_ = nullptr, timing_queue_ = nullptr;
    std::size_t most_bytes_ = 0;
    bool keeps_binaries_ = true;
    std::string identity_;  // of the device and its driver
};

}  // namespace NPAS_NAMESPACE
