#include "npas/device.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "npas/files.h"

namespace NPAS_NAMESPACE {

namespace {

// Kernels keep NaN, infinities and the order of sums; contraction to fused multiplications is wanted, and allowed
// anyway.
constexpr const char* kOptions = "-cl-std=CL1.2";
constexpr std::size_t kShownLog = 2000;

std::string number(cl_int code) { return std::to_string(code); }

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

bool named(const std::string& name, const std::string& part) {
    return lower(name).find(lower(part)) != std::string::npos;
}

template <class Get>
std::string text(Get get) {
    std::size_t size = 0;
    if (get(0, nullptr, &size) != kSuccess || size == 0) return "";
    std::string found(size, '\0');
    if (get(size, &found[0], nullptr) != kSuccess) return "";
    while (!found.empty() && found.back() == '\0') found.pop_back();
    return found;
}

std::string device_text(const OpenCl& cl, cl_device_id device, cl_uint what) {
    return text([&](std::size_t size, void* to, std::size_t* needed) {
        return cl.clGetDeviceInfo(device, what, size, to, needed);
    });
}

template <class T>
T device_number(const OpenCl& cl, cl_device_id device, cl_uint what) {
    T value{};
    if (cl.clGetDeviceInfo(device, what, sizeof value, &value, nullptr) != kSuccess) return T{};
    return value;
}

std::vector<cl_platform_id> platforms(const OpenCl& cl) {
    cl_uint count = 0;
    if (cl.clGetPlatformIDs(0, nullptr, &count) != kSuccess) return {};
    std::vector<cl_platform_id> found(count);
    if (count == 0 || cl.clGetPlatformIDs(count, found.data(), nullptr) != kSuccess) return {};
    return found;
}

std::vector<cl_device_id> devices(const OpenCl& cl, cl_platform_id platform) {
    cl_uint count = 0;
    if (cl.clGetDeviceIDs(platform, kDeviceTypeAll, 0, nullptr, &count) != kSuccess) return {};
    std::vector<cl_device_id> found(count);
    if (count == 0 || cl.clGetDeviceIDs(platform, kDeviceTypeAll, count, found.data(), nullptr) != kSuccess) return {};
    return found;
}

// The first that fits; `seen` names all there are.
cl_device_id choose(const OpenCl& cl, const Wanted& wanted, std::string& seen) {
    cl_device_id chosen = nullptr;
    for (const cl_platform_id platform : platforms(cl)) {
        const std::string name = text([&](std::size_t size, void* to, std::size_t* needed) {
            return cl.clGetPlatformInfo(platform, kPlatformName, size, to, needed);
        });
        for (const cl_device_id device : devices(cl, platform)) {
            const std::string own = device_text(cl, device, kDeviceName);
            seen += std::string(seen.empty() ? "" : "; ") + own + " of " + name;
            if (chosen == nullptr && named(name, wanted.platform) && named(own, wanted.device)) chosen = device;
        }
    }
    return chosen;
}

// `threads` cores of a processor that has more; null where it cannot be divided.
cl_device_id part_of(const OpenCl& cl, cl_device_id device, int threads) {
    if (!(device_number<cl_bits>(cl, device, kDeviceType) & kDeviceTypeCpu)) return nullptr;
    if (device_number<cl_uint>(cl, device, kDeviceMaxComputeUnits) <= static_cast<cl_uint>(threads)) return nullptr;
    const cl_property properties[] = {kPartitionByCounts, threads, 0, 0};
    cl_device_id part = nullptr;
    return cl.clCreateSubDevices(device, properties, 1, &part, nullptr) == kSuccess ? part : nullptr;
}

}  // namespace

Status Device::open(const Wanted& wanted, int threads, std::unique_ptr<Device>& out, std::string& why) {
    const OpenCl* cl = load_opencl(why);
    if (cl == nullptr) {
        why = "no OpenCL library: " + why;
        return Status::device;
    }
    std::string seen;
    std::unique_ptr<Device> device(new Device);
    device->cl_ = cl;
    device->whole_ = choose(*cl, wanted, seen);
    if (device->whole_ == nullptr) {
        why = seen.empty() ? std::string("the OpenCL library has no platform with a device")
                           : std::string("no OpenCL device is called \"") + wanted.device +
                                 "\" on a platform called \"" + wanted.platform + "\", there are: " + seen;
        return Status::device;
    }
    if (wanted.half_products && !named(device_text(*cl, device->whole_, kDeviceExtensions), "cl_khr_fp16")) {
        why = "the OpenCL device " + device_text(*cl, device->whole_, kDeviceName) +
              " has no cl_khr_fp16, which this program's arithmetic takes";
        return Status::device;
    }
    const cl_device_id part = part_of(*cl, device->whole_, threads);
    device->device_ = part != nullptr ? part : device->whole_;
    device->most_bytes_ =
        static_cast<std::size_t>(device_number<cl_ulong>(*cl, device->device_, kDeviceMaxMemAllocSize));
    device->identity_ = device->text_of(kDeviceName) + "\n" + device->text_of(kDeviceVersion) + "\n" +
                        device->text_of(kDriverVersion) + "\n" + kOptions + "\n";
    // PoCL has a cache of its own, and compiles everything a second time when it is asked for binaries.
    device->keeps_binaries_ =
        std::getenv("NPAS_OPENCL_CACHE") != nullptr || !named(device->text_of(kDeviceVersion), "pocl");
    cl_int code = kSuccess;
    device->context_ = cl->clCreateContext(nullptr, 1, &device->device_, nullptr, nullptr, &code);
    if (device->context_ == nullptr) {
        why = "no context on the OpenCL device, error " + number(code);
        return Status::device;
    }
    device->queue_ = cl->clCreateCommandQueue(device->context_, device->device_, 0, &code);
    if (device->queue_ == nullptr) {
        why = "no queue on the OpenCL device, error " + number(code);
        return Status::device;
    }
    out = std::move(device);
    return Status::ok;
}

Device::~Device() {
    for (const cl_command_queue queue : {queue_, timing_queue_}) {
        if (queue == nullptr) continue;
        cl_->clFinish(queue);
        cl_->clReleaseCommandQueue(queue);
    }
    if (context_ != nullptr) cl_->clReleaseContext(context_);
    if (device_ != whole_) cl_->clReleaseDevice(device_);
}

cl_command_queue Device::timing_queue() {
    if (timing_queue_ == nullptr) {
        timing_queue_ = cl_->clCreateCommandQueue(context_, device_, kQueueProfiling, nullptr);
    }
    return timing_queue_;
}

std::size_t Device::most_work_items(cl_kernel kernel) const {
    std::size_t most = 0;
    cl_->clGetKernelWorkGroupInfo(kernel, device_, kKernelWorkGroupSize, sizeof most, &most, nullptr);
    return std::max<std::size_t>(most, 1);
}

std::string Device::text_of(cl_uint what) const { return device_text(*cl_, device_, what); }

Status Device::buffer(std::size_t bytes, const void* data, Memory& out, std::string& why) const {
    if (bytes > most_bytes_) {
        why = "a buffer of " + std::to_string(bytes) + " bytes is more than the device gives at once, " +
              std::to_string(most_bytes_);
        return Status::device_memory;
    }
    cl_int code = kSuccess;
    const cl_bits flags = data != nullptr && bytes > 0 ? kMemReadOnly | kMemCopyHostPointer : kMemReadWrite;
    void* from = flags & kMemCopyHostPointer ? const_cast<void*>(data) : nullptr;
    out = Memory(cl_, cl_->clCreateBuffer(context_, flags, std::max<std::size_t>(bytes, 4), from, &code));
    if (out.get() != nullptr) return Status::ok;
    why = "no buffer of " + std::to_string(bytes) + " bytes on the OpenCL device, error " + number(code);
    return Status::device_memory;
}

Status Device::image(const Memory& from, std::size_t bytes, bool half, Memory& out, std::string& why) const {
    const std::size_t row = kTexels * 4 * (half ? sizeof(std::uint16_t) : sizeof(float));
    const std::size_t height = std::max<std::size_t>((bytes + row - 1) / row, 1);
    const bool has_images = device_number<cl_uint>(*cl_, device_, kDeviceImageSupport) != 0;
    const std::size_t widest = device_number<std::size_t>(*cl_, device_, kDeviceImage2dMaxWidth);
    const std::size_t highest = device_number<std::size_t>(*cl_, device_, kDeviceImage2dMaxHeight);
    if (!has_images || widest < kTexels || highest < height) {
        why = "an image of " + std::to_string(kTexels) + " x " + std::to_string(height) +
              " texels is more than the device has, " +
              (has_images ? std::to_string(widest) + " x " + std::to_string(highest) : std::string("which is none"));
        return Status::device_memory;
    }
    // By way of the host: drivers copy buffers into images less reliably than they make images of what they are given.
    std::vector<unsigned char> texels(row * height, 0);
    cl_int code = cl_->clEnqueueReadBuffer(queue_, from.get(), kTrue, 0, bytes, texels.data(), 0, nullptr, nullptr);
    cl_image_format format{kRgba, half ? kHalfFloats : kFloats};
    cl_image_desc shape{};
    shape.type = kImage2d;
    shape.width = kTexels;
    shape.height = height;
    if (code == kSuccess) {
        const cl_bits flags = kMemReadOnly | kMemCopyHostPointer;
        out = Memory(cl_, cl_->clCreateImage(context_, flags, &format, &shape, texels.data(), &code));
    }
    if (code == kSuccess) return Status::ok;
    why = "no image of " + std::to_string(bytes) + " bytes on the OpenCL device, error " + number(code);
    return Status::device_memory;
}

Status Device::program(const char* prelude, const Source& source, Program& out, std::string& why) const {
    const std::string code = std::string(prelude) + source.text;
    const std::string path = keeps_binaries_ ? cached_file(identity_ + code) : "";
    if (!path.empty() && from_cache(path, out)) return Status::ok;
    const Status status = compile(code, source.kernel, out, why);
    if (status == Status::ok && !path.empty()) to_cache(path, out);
    return status;
}

Status Device::compile(const std::string& code, const char* kernel, Program& out, std::string& why) const {
    const char* lines = code.c_str();
    const std::size_t length = code.size();
    cl_int error = kSuccess;
    out = Program(cl_, cl_->clCreateProgramWithSource(context_, 1, &lines, &length, &error));
    if (out.get() != nullptr) error = cl_->clBuildProgram(out.get(), 1, &device_, kOptions, nullptr, nullptr);
    if (error == kSuccess && out.get() != nullptr) return Status::ok;
    why = std::string("kernel ") + kernel + " does not compile, error " + number(error);
    if (out.get() == nullptr) return Status::kernel;
    const std::string log = text([&](std::size_t size, void* to, std::size_t* needed) {
        return cl_->clGetProgramBuildInfo(out.get(), device_, kProgramBuildLog, size, to, needed);
    });
    if (!log.empty()) why += ":\n" + log.substr(0, kShownLog);
    return Status::kernel;
}

// A binary that the driver does not take is as good as none.
bool Device::from_cache(const std::string& path, Program& out) const {
    const std::vector<unsigned char> binary = read_file(path);
    if (binary.empty()) return false;
    const unsigned char* bytes = binary.data();
    const std::size_t size = binary.size();
    cl_int taken = kSuccess, code = kSuccess;
    out = Program(cl_, cl_->clCreateProgramWithBinary(context_, 1, &device_, &size, &bytes, &taken, &code));
    return out.get() != nullptr && code == kSuccess && taken == kSuccess &&
           cl_->clBuildProgram(out.get(), 1, &device_, kOptions, nullptr, nullptr) == kSuccess;
}

void Device::to_cache(const std::string& path, const Program& program) const {
    std::size_t size = 0;
    if (cl_->clGetProgramInfo(program.get(), kProgramBinarySizes, sizeof size, &size, nullptr) != kSuccess) return;
    std::vector<unsigned char> binary(size);
    unsigned char* bytes = binary.data();
    if (size == 0 || cl_->clGetProgramInfo(program.get(), kProgramBinaries, sizeof bytes, &bytes, nullptr) != kSuccess)
        return;
    write_file(path, binary);
}

}  // namespace NPAS_NAMESPACE
