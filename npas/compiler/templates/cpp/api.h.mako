<%page args="view"/>\
<%
n, u = view.name, view.upper
%>\
/* The C interface of ${n}. Thread-safe between models; one model runs one inference at a time.
 *
 * Inputs and outputs are float arrays, channels first, batch 1:
% for i, shape in enumerate(view.input_shapes):
 *   input ${i}: ${" x ".join(map(str, shape))}
% endfor
% for i, shape in enumerate(view.output_shapes):
 *   output ${i}: ${" x ".join(map(str, shape))}
% endfor
 */
#ifndef ${u}_H
#define ${u}_H

#include <stddef.h>

/* All that a shared library of the model shows. */
#if defined(__GNUC__)
#define ${u}_API __attribute__((visibility("default")))
#else
#define ${u}_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define ${u}_ABI_VERSION 1
#define ${u}_INPUTS ${len(view.input_sizes)}
#define ${u}_OUTPUTS ${len(view.output_sizes)}

typedef struct ${n}_model ${n}_model;

typedef enum ${n}_status {
    ${u}_OK = 0,
    ${u}_ERROR_ARGUMENT = 1,    /* a null pointer or a number out of range */
    ${u}_ERROR_FILE = 2,        /* the weights file cannot be read */
    ${u}_ERROR_FORMAT = 3,      /* not a weights file, truncated, or an index out of bounds */
    ${u}_ERROR_CORRUPT = 4,     /* the weights' hash differs */
    ${u}_ERROR_OTHER_MODEL = 5, /* the weights of another build */
    ${u}_ERROR_MEMORY = 6,      /* no memory or no threads */
    ${u}_ERROR_DEVICE = 7,      /* no OpenCL library, or no such device */
    ${u}_ERROR_KERNEL = 8,      /* the device's compiler refuses a kernel */
    ${u}_ERROR_DEVICE_MEMORY = 9, /* more than the device has, or gives at once */
    ${u}_ERROR_DEVICE_LOST = 10 /* the device failed at its work */
} ${n}_status;

/* Loads the weights and starts the threads: 1 to 256, or 0 for as many as the model was built for (${view.threads}). On
 * failure *model becomes NULL. The file may stay mapped until the model is destroyed: never write to it in place or cut
 * it short meanwhile, rename a new one over it. */
${u}_API ${n}_status ${n}_create(
    const char* weights_path, int threads, ${n}_model** model);

/* The same from memory, which is copied: no file need stay as it is. */
${u}_API ${n}_status ${n}_create_from_memory(
    const void* weights, size_t size, int threads, ${n}_model** model);

/* inputs: ${u}_INPUTS arrays, outputs: ${u}_OUTPUTS arrays, of the sizes below. Allocates nothing. */
${u}_API ${n}_status ${n}_run(
    ${n}_model* model, const float* const* inputs, float* const* outputs);

/* Accepts NULL. */
${u}_API void ${n}_destroy(${n}_model* model);

/* Floats in input or output i; 0 where there is no such one. */
${u}_API size_t ${n}_input_size(int i);
${u}_API size_t ${n}_output_size(int i);

/* A sentence in English; never NULL. */
${u}_API const char* ${n}_status_text(${n}_status status);

/* What more is known of this thread's last failure to create or run a model, in the device's words; never NULL. */
${u}_API const char* ${n}_detail(void);

/* ${u}_ABI_VERSION of the library that is loaded. */
${u}_API int ${n}_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif
