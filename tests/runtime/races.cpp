// Runs the model with several numbers of threads, each of which must give what one gives: races WEIGHTS.
#include <cstdio>
#include <cstring>
#include <vector>

#include "alpha/alpha.h"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::size_t size = alpha_output_size(0);
    std::vector<float> input(alpha_input_size(0)), first;
    for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<float>(i % 17) / 8.0f - 1.0f;
    for (const int threads : {1, 2, 3, 40}) {
        alpha_model* model = nullptr;
        if (alpha_create(argv[1], threads, &model) != ALPHA_OK) return 3;
        for (int run = 0; run < 3; ++run) {
            std::vector<float> output(size);
            const float* inputs[] = {input.data()};
            float* outputs[] = {output.data()};
            if (alpha_run(model, inputs, outputs) != ALPHA_OK) return 4;
            if (first.empty()) first = output;
            if (std::memcmp(first.data(), output.data(), size * sizeof(float)) != 0) return 5;
        }
        alpha_destroy(model);
        std::printf("%d\n", threads);
    }
    return 0;
}
