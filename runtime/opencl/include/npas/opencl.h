// The part of the OpenCL 1.2 interface that a model uses, loaded when the program runs: a binary starts where there is
// no OpenCL, and can say so. Names and numbers are those of the Khronos specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

using cl_int = std::int32_t;
using cl_uint = std::uint32_t;
using cl_ulong = std::uint64_t;
using cl_bits = std::uint64_t;
using cl_property = std::intptr_t;

typedef struct _cl_platform_id* cl_platform_id;
typedef struct _cl_device_id* cl_device_id;
typedef struct _cl_context* cl_context;
typedef struct _cl_command_queue* cl_command_queue;
typedef struct _cl_mem* cl_mem;
typedef struct _cl_program* cl_program;
typedef struct _cl_kernel* cl_kernel;
typedef struct _cl_event* cl_event;

struct cl_image_format {
    cl_uint order, type;
};
struct cl_image_desc {
    cl_uint type;
    std::size_t width, height, depth, array_size, row_pitch, slice_pitch;
    cl_uint mip_levels, samples;
    cl_mem buffer;
};

constexpr cl_int kSuccess = 0;
constexpr cl_int kOutOfHostMemory = -6;
constexpr cl_uint kTrue = 1;

constexpr cl_bits kDeviceTypeCpu = 1 << 1, kDeviceTypeAll = 0xffffffff;
constexpr cl_bits kQueueProfiling = 1 << 1;
constexpr cl_bits kMemReadWrite = 1 << 0, kMemReadOnly = 1 << 2, kMemCopyHostPointer = 1 << 5;
constexpr cl_uint kPlatformName = 0x0902;
constexpr cl_uint kDeviceType = 0x1000, kDeviceMaxComputeUnits = 0x1002, kDeviceMaxMemAllocSize = 0x1010,
                  kDeviceName = 0x102B, kDriverVersion = 0x102D, kDeviceVersion = 0x102F, kDeviceExtensions = 0x1030;
constexpr cl_uint kDeviceImageSupport = 0x1016, kDeviceImage2dMaxWidth = 0x1011, kDeviceImage2dMaxHeight = 0x1012;
constexpr cl_uint kImage2d = 0x10F1, kRgba = 0x10B5, kHalfFloats = 0x10DD, kFloats = 0x10DE;
constexpr cl_uint kKernelWorkGroupSize = 0x11B0;
constexpr cl_property kPartitionByCounts = 0x1087;
constexpr cl_uint kProgramBinarySizes = 0x1165, kProgramBinaries = 0x1166, kProgramBuildLog = 0x1183;
constexpr cl_uint kCommandStart = 0x1282, kCommandEnd = 0x1283;

// Each entry: result, name, arguments.
#define NPAS_OPENCL_FUNCTIONS(X)                                                                                       \
    X(cl_int, clGetPlatformIDs, (cl_uint, cl_platform_id*, cl_uint*))                                                  \
    X(cl_int, clGetPlatformInfo, (cl_platform_id, cl_uint, std::size_t, void*, std::size_t*))                          \
    X(cl_int, clGetDeviceIDs, (cl_platform_id, cl_bits, cl_uint, cl_device_id*, cl_uint*))                             \
    X(cl_int, clGetDeviceInfo, (cl_device_id, cl_uint, std::size_t, void*, std::size_t*))                              \
    X(cl_int, clCreateSubDevices, (cl_device_id, const cl_property*, cl_uint, cl_device_id*, cl_uint*))                \
    X(cl_int, clReleaseDevice, (cl_device_id))                                                                         \
    X(cl_context, clCreateContext,                                                                                     \
      (const cl_property*, cl_uint, const cl_device_id*, void (*)(const char*, const void*, std::size_t, void*),       \
       void*, cl_int*))                                                                                                \
    X(cl_int, clReleaseContext, (cl_context))                                                                          \
    X(cl_command_queue, clCreateCommandQueue, (cl_context, cl_device_id, cl_bits, cl_int*))                            \
    X(cl_int, clReleaseCommandQueue, (cl_command_queue))                                                               \
    X(cl_mem, clCreateBuffer, (cl_context, cl_bits, std::size_t, void*, cl_int*))                                      \
    X(cl_mem, clCreateImage, (cl_context, cl_bits, const cl_image_format*, const cl_image_desc*, void*, cl_int*))      \
    X(cl_int, clReleaseMemObject, (cl_mem))                                                                            \
    X(cl_program, clCreateProgramWithSource, (cl_context, cl_uint, const char**, const std::size_t*, cl_int*))         \
    X(cl_program, clCreateProgramWithBinary,                                                                           \
      (cl_context, cl_uint, const cl_device_id*, const std::size_t*, const unsigned char**, cl_int*, cl_int*))         \
    X(cl_int, clBuildProgram,                                                                                          \
      (cl_program, cl_uint, const cl_device_id*, const char*, void (*)(cl_program, void*), void*))                     \
    X(cl_int, clGetProgramInfo, (cl_program, cl_uint, std::size_t, void*, std::size_t*))                               \
    X(cl_int, clGetProgramBuildInfo, (cl_program, cl_device_id, cl_uint, std::size_t, void*, std::size_t*))            \
    X(cl_int, clReleaseProgram, (cl_program))                                                                          \
    X(cl_kernel, clCreateKernel, (cl_program, const char*, cl_int*))                                                   \
    X(cl_int, clSetKernelArg, (cl_kernel, cl_uint, std::size_t, const void*))                                          \
    X(cl_int, clGetKernelWorkGroupInfo, (cl_kernel, cl_device_id, cl_uint, std::size_t, void*, std::size_t*))          \
    X(cl_int, clReleaseKernel, (cl_kernel))                                                                            \
    X(cl_int, clEnqueueNDRangeKernel,                                                                                  \
      (cl_command_queue, cl_kernel, cl_uint, const std::size_t*, const std::size_t*, const std::size_t*, cl_uint,      \
       const cl_event*, cl_event*))                                                                                    \
    X(cl_int, clEnqueueReadBuffer,                                                                                     \
      (cl_command_queue, cl_mem, cl_uint, std::size_t, std::size_t, void*, cl_uint, const cl_event*, cl_event*))       \
    X(cl_int, clEnqueueWriteBuffer,                                                                                    \
      (cl_command_queue, cl_mem, cl_uint, std::size_t, std::size_t, const void*, cl_uint, const cl_event*, cl_event*)) \
    X(cl_int, clEnqueueFillBuffer,                                                                                     \
      (cl_command_queue, cl_mem, const void*, std::size_t, std::size_t, std::size_t, cl_uint, const cl_event*,         \
       cl_event*))                                                                                                     \
    X(cl_int, clGetEventProfilingInfo, (cl_event, cl_uint, std::size_t, void*, std::size_t*))                          \
    X(cl_int, clReleaseEvent, (cl_event))                                                                              \
    X(cl_int, clFinish, (cl_command_queue))

// The functions, by their names.
struct OpenCl {
#define NPAS_MEMBER(result, name, arguments) result(*name) arguments = nullptr;
    NPAS_OPENCL_FUNCTIONS(NPAS_MEMBER)
#undef NPAS_MEMBER
};

// The system's OpenCL library: the one that $NPAS_OPENCL_LIBRARY names, or the first found under the usual names and at
// Android vendors' places. It stays loaded. Null where there is none; `why` says what was tried.
const OpenCl* load_opencl(std::string& why);

}  // namespace NPAS_NAMESPACE
