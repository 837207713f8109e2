/* The C interface of net. Thread-safe between models; one model runs one inference at a time.
 *
 * Inputs and outputs are float arrays, channels first, batch 1:
 *   input 0: 1 x 3 x 18 x 18
 *   output 0: 1 x 5
 */
#ifndef NET_H
#define NET_H

#include <stddef.h>

/* All that a shared library of the model shows. */
#if defined(__GNUC__)
#define NET_API __attribute__((visibility("default")))
#else
#define NET_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define NET_ABI_VERSION 1
#define NET_INPUTS 1
#define NET_OUTPUTS 1

typedef struct net_model net_model;

typedef enum net_status {
    NET_OK = 0,
    NET_ERROR_ARGUMENT = 1,    /* a null pointer or a number out of range */
    NET_ERROR_FILE = 2,        /* the weights file cannot be read */
    NET_ERROR_FORMAT = 3,      /* not a weights file, truncated, or an index out of bounds */
    NET_ERROR_CORRUPT = 4,     /* the weights' hash differs */
    NET_ERROR_OTHER_MODEL = 5, /* the weights of another build */
    NET_ERROR_MEMORY = 6,      /* no memory or no threads */
    NET_ERROR_DEVICE = 7,      /* no OpenCL library, or no such device */
    NET_ERROR_KERNEL = 8,      /* the device's compiler refuses a kernel */
    NET_ERROR_DEVICE_MEMORY = 9, /* more than the device has, or gives at once */
    NET_ERROR_DEVICE_LOST = 10 /* the device failed at its work */
} net_status;

/* Loads the weights and starts the threads: 1 to 256, or 0 for as many as the model was built for (2). On
 * failure *model becomes NULL. The file may stay mapped until the model is destroyed: never write to it in place or cut
 * it short meanwhile, rename a new one over it. */
NET_API net_status net_create(
    const char* weights_path, int threads, net_model** model);

/* The same from memory, which is copied: no file need stay as it is. */
NET_API net_status net_create_from_memory(
    const void* weights, size_t size, int threads, net_model** model);

/* inputs: NET_INPUTS arrays, outputs: NET_OUTPUTS arrays, of the sizes below. Allocates nothing. */
NET_API net_status net_run(
    net_model* model, const float* const* inputs, float* const* outputs);

/* Accepts NULL. */
NET_API void net_destroy(net_model* model);

/* Floats in input or output i; 0 where there is no such one. */
NET_API size_t net_input_size(int i);
NET_API size_t net_output_size(int i);

/* A sentence in English; never NULL. */
NET_API const char* net_status_text(net_status status);

/* What more is known of this thread's last failure to create or run a model, in the device's words; never NULL. */
NET_API const char* net_detail(void);

/* NET_ABI_VERSION of the library that is loaded. */
NET_API int net_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif
