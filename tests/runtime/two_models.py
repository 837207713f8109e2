"""A C program that runs two generated models, and the CMake projects that build it in two ways."""

from __future__ import annotations

from pathlib import Path

from runtime_trees import alpha, beta

APP = """
cmake_minimum_required(VERSION 3.16)
project(app LANGUAGES C CXX)
{models}
add_executable(app main.c)
set_target_properties(app PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
target_compile_options(app PRIVATE -Wall -Wextra -Werror -pedantic)
target_link_libraries(app PRIVATE alpha::alpha beta::beta m)
get_target_property(leaked alpha::alpha INTERFACE_COMPILE_OPTIONS)
if(leaked)
  message(FATAL_ERROR "flags reach the consumer: ${{leaked}}")
endif()
"""
BY_PACKAGE = """
find_package(beta REQUIRED)
find_package(alpha 1.0 REQUIRED)
file(WRITE ${CMAKE_BINARY_DIR}/weights "${alpha_WEIGHTS}\\n${beta_WEIGHTS}\\n")
"""
BY_FOLDER = """
set(BUILD_SHARED_LIBS ON)
add_subdirectory(../alpha alpha)
add_subdirectory(../beta beta)
"""
PART = """
static int run_NAME(const char* weights, const char* path) {
    NAME_model* model = NULL;
    FILE* file = fopen(path, "rb");
    unsigned samples = 0;
    double error = 0.0, size = 0.0;
    if (file == NULL || fread(&samples, 4, 1, file) != 1) return 1;
    if (NAME_create(weights, 0, &model) != UPPER_OK) return 2;
    for (unsigned s = 0; s < samples; ++s) {
        static float in[4096], wanted[2][4096], got[2][4096];
        const float* inputs[UPPER_INPUTS] = {in};
        float* outputs[2] = {got[0], got[1]};
        if (fread(in, 4, NAME_input_size(0), file) != NAME_input_size(0)) return 3;
        for (int i = 0; i < UPPER_OUTPUTS; ++i) {
            if (fread(wanted[i], 4, NAME_output_size(i), file) != NAME_output_size(i)) return 4;
        }
        if (NAME_run(model, inputs, outputs) != UPPER_OK) return 5;
        for (int i = 0; i < UPPER_OUTPUTS; ++i) {
            for (size_t k = 0; k < NAME_output_size(i); ++k) {
                error += pow(got[i][k] - wanted[i][k], 2);
                size += pow(wanted[i][k], 2);
            }
        }
    }
    NAME_destroy(model);
    fclose(file);
    printf("NAME %u %g\\n", samples, sqrt(error / size));
    return sqrt(error / size) < 1e-5 ? 0 : 6;
}
"""
MAIN = """
int main(int argc, char** argv) {
    if (argc != 5) return 9;
    const int a = run_alpha(argv[1], argv[2]);
    return a != 0 ? a : 10 * run_beta(argv[3], argv[4]);
}
"""
INCLUDES = "#include <alpha/alpha.h>\n#include <beta/beta.h>\n#include <math.h>\n#include <stdio.h>\n"


def write(root: Path) -> None:
    """Trees ``alpha`` and ``beta`` and, beside them, the program as a user of packages and of folders."""
    for model in (alpha(), beta()):
        model.write(root / model.name)
    sections = [PART.replace("NAME", name).replace("UPPER", name.upper()) for name in ("alpha", "beta")]
    for project, models in (("by_package", BY_PACKAGE), ("by_folder", BY_FOLDER)):
        (root / project).mkdir()
        (root / project / "CMakeLists.txt").write_text(APP.format(models=models))
        (root / project / "main.c").write_text(INCLUDES + "".join(sections) + MAIN)
