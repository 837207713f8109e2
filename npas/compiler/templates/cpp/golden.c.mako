<%page args="view"/>\
<%
n, u = view.name, view.upper
%>\
/* Runs the recorded inputs and compares with the recorded outputs: golden WEIGHTS GOLDEN.
 *
 * golden.bin: u32 samples, then per sample every input and every output as floats. Exit 0 if the relative L2
 * error is at most ${f"{view.end_to_end:g}"} over all samples.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "${n}/${n}.h"

static float* read_floats(FILE* file, size_t count) {
    float* values = (float*)malloc((count ? count : 1) * sizeof(float));
    if (values != NULL && fread(values, sizeof(float), count, file) != count) {
        free(values);
        return NULL;
    }
    return values;
}

static int sample(${n}_model* model, FILE* file, double* error, double* size) {
    float *inputs[${u}_INPUTS], *wanted[${u}_OUTPUTS], *outputs[${u}_OUTPUTS];
    const float* read_only[${u}_INPUTS];
    for (int i = 0; i < ${u}_INPUTS; ++i) {
        inputs[i] = read_floats(file, ${n}_input_size(i));
        if (inputs[i] == NULL) return 1;
        read_only[i] = inputs[i];
    }
    for (int i = 0; i < ${u}_OUTPUTS; ++i) {
        wanted[i] = read_floats(file, ${n}_output_size(i));
        outputs[i] = (float*)malloc(${n}_output_size(i) * sizeof(float));
        if (wanted[i] == NULL || outputs[i] == NULL) return 1;
    }
    if (${n}_run(model, read_only, outputs) != ${u}_OK) return 1;
    for (int i = 0; i < ${u}_OUTPUTS; ++i) {
        for (size_t k = 0; k < ${n}_output_size(i); ++k) {
            const double d = (double)outputs[i][k] - (double)wanted[i][k];
            *error += d * d;
            *size += (double)wanted[i][k] * (double)wanted[i][k];
        }
        free(wanted[i]);
        free(outputs[i]);
    }
    for (int i = 0; i < ${u}_INPUTS; ++i) free(inputs[i]);
    return 0;
}

int main(int argc, char** argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s WEIGHTS GOLDEN\n", argv[0]);
        return 2;
    }
    ${n}_model* model = NULL;
    const ${n}_status status = ${n}_create(argv[1], 0, &model);
    if (status != ${u}_OK) {
        fprintf(stderr, "%s: %s\n", argv[1], ${n}_status_text(status));
        return 1;
    }
    FILE* file = fopen(argv[2], "rb");
    uint32_t samples = 0;
    if (file == NULL || fread(&samples, sizeof samples, 1, file) != 1 || samples == 0) {
        fprintf(stderr, "%s: cannot be read\n", argv[2]);
        return 1;
    }
    double error = 0.0, size = 0.0;
    for (uint32_t i = 0; i < samples; ++i) {
        if (sample(model, file, &error, &size) != 0) {
            fprintf(stderr, "%s: sample %u cannot be read or run\n", argv[2], (unsigned)i);
            return 1;
        }
    }
    fclose(file);
    ${n}_destroy(model);
    const double relative = sqrt(error / (size > 0.0 ? size : 1.0));
    printf("${n}: %u samples, relative L2 error %.3g\n", (unsigned)samples, relative);
    return relative <= ${f"{view.end_to_end:g}"} ? 0 : 1;
}
