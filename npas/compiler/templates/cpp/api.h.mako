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
    ${u}_ERROR_MEMORY = 6       /* no memory or no threads */
} ${n}_status;

/* Loads the weights and starts the threads (0: as many as the model was built for, ${view.threads}). */
${n}_status ${n}_create(const char* weights_path, int threads, ${n}_model** model);

/* The same from memory, which is copied. */
${n}_status ${n}_create_from_memory(const void* weights, size_t size, int threads, ${n}_model** model);

/* inputs: ${u}_INPUTS arrays, outputs: ${u}_OUTPUTS arrays, of the sizes below. */
${n}_status ${n}_run(${n}_model* model, const float* const* inputs, float* const* outputs);

/* Accepts NULL. */
void ${n}_destroy(${n}_model* model);

/* Floats in input or output i; 0 where there is no such one. */
size_t ${n}_input_size(int i);
size_t ${n}_output_size(int i);

/* A sentence in English; never NULL. */
const char* ${n}_status_text(${n}_status status);

int ${n}_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif
