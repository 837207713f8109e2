/* The C interface of digits. Thread-safe between models; one model runs one inference at a time.
 *
 * Inputs and outputs are float arrays, channels first, batch 1:
 *   input 0: 1 x 1 x 16 x 16
 *   output 0: 1 x 10
 */
#ifndef DIGITS_H
#define DIGITS_H

#include <stddef.h>

/* All that a shared library of the model shows. */
#if defined(__GNUC__)
#define DIGITS_API __attribute__((visibility("default")))
#else
#define DIGITS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define DIGITS_ABI_VERSION 1
#define DIGITS_INPUTS 1
#define DIGITS_OUTPUTS 1

typedef struct digits_model digits_model;

typedef enum digits_status {
    DIGITS_OK = 0,
    DIGITS_ERROR_ARGUMENT = 1,    /* a null pointer or a number out of range */
    DIGITS_ERROR_FILE = 2,        /* the weights file cannot be read */
    DIGITS_ERROR_FORMAT = 3,      /* not a weights file, truncated, or an index out of bounds */
    DIGITS_ERROR_CORRUPT = 4,     /* the weights' hash differs */
    DIGITS_ERROR_OTHER_MODEL = 5, /* the weights of another build */
    DIGITS_ERROR_MEMORY = 6,      /* no memory or no threads */
    DIGITS_ERROR_DEVICE = 7,      /* no OpenCL library, or no such device */
    DIGITS_ERROR_KERNEL = 8,      /* the device's compiler refuses a kernel */
    DIGITS_ERROR_DEVICE_MEMORY = 9, /* more than the device has, or gives at once */
    DIGITS_ERROR_DEVICE_LOST = 10 /* the device failed at its work */
} digits_status;

/* Loads the weights and starts the threads: 1 to 256, or 0 for as many as the model was built for (1). On
 * failure *model becomes NULL. The file may stay mapped until the model is destroyed: never write to it in place or cut
 * it short meanwhile, rename a new one over it. */
DIGITS_API digits_status digits_create(
    const char* weights_path, int threads, digits_model** model);

/* The same from memory, which is copied: no file need stay as it is. */
DIGITS_API digits_status digits_create_from_memory(
    const void* weights, size_t size, int threads, digits_model** model);

/* inputs: DIGITS_INPUTS arrays, outputs: DIGITS_OUTPUTS arrays, of the sizes below. Allocates nothing. */
DIGITS_API digits_status digits_run(
    digits_model* model, const float* const* inputs, float* const* outputs);

/* Accepts NULL. */
DIGITS_API void digits_destroy(digits_model* model);

/* Floats in input or output i; 0 where there is no such one. */
DIGITS_API size_t digits_input_size(int i);
DIGITS_API size_t digits_output_size(int i);

/* A sentence in English; never NULL. */
DIGITS_API const char* digits_status_text(digits_status status);

/* What more is known of this thread's last failure to create or run a model, in the device's words; never NULL. */
DIGITS_API const char* digits_detail(void);

/* DIGITS_ABI_VERSION of the library that is loaded. */
DIGITS_API int digits_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif
