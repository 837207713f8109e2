// Offers every case of a file to create_from_memory, and runs the models that come of it: weights_cases CASES WEIGHTS.
//
// CASES: per case u64 size and its bytes. Prints a status per line; the last line is how create() takes WEIGHTS.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "alpha/alpha.h"

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::ifstream cases(argv[1], std::ios::binary);
    std::uint64_t size = 0;
    std::vector<float> input(alpha_input_size(0), 0.5f), output(alpha_output_size(0));
    while (cases.read(reinterpret_cast<char*>(&size), sizeof size)) {
        // Exactly as long as the case, so that a byte read behind it is seen.
        char* bytes = static_cast<char*>(std::malloc(size));
        if (!cases.read(bytes, static_cast<std::streamsize>(size))) return 3;
        alpha_model* model = nullptr;
        const alpha_status status = alpha_create_from_memory(bytes, size, 1, &model);
        std::free(bytes);
        if ((status == ALPHA_OK) != (model != nullptr)) return 4;
        if (model != nullptr) {
            const float* inputs[] = {input.data()};
            float* outputs[] = {output.data()};
            if (alpha_run(model, inputs, outputs) != ALPHA_OK) return 5;
        }
        alpha_destroy(model);
        std::printf("%d\n", static_cast<int>(status));
    }
    alpha_model* model = nullptr;
    std::printf("%d\n", static_cast<int>(alpha_create(argv[2], 1, &model)));
    alpha_destroy(model);
    return 0;
}
