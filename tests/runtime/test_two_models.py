"""Two generated models, as strangers use them: CMake, ctest, install, find_package, one C program with both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from runtime_trees import alpha, beta, call, cmake, renamed

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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trees ``alpha`` and ``beta`` and, beside them, a program for both."""
    root = tmp_path_factory.mktemp("two")
    for model in (alpha(), beta()):
        model.write(root / model.name)
    for name, models in (("by_package", BY_PACKAGE), ("by_folder", BY_FOLDER)):
        (root / name).mkdir()
        (root / name / "CMakeLists.txt").write_text(APP.format(models=models))
        parts = [PART.replace("NAME", n).replace("UPPER", n.upper()) for n in ("alpha", "beta")]
        (root / name / "main.c").write_text(INCLUDES + "".join(parts) + MAIN)
    return root


@pytest.fixture(scope="module")
def built(folder: Path) -> Path:
    """The prefix into which both, built static, each by itself, are installed."""
    for name in ("alpha", "beta"):
        cmake(folder / name, folder / name / "build")
        call(["cmake", "--install", str(folder / name / "build"), "--prefix", str(folder / "prefix")])
    return folder / "prefix"


@pytest.fixture(scope="module")
def shared(folder: Path) -> Path:
    """The build of both as shared libraries inside one project."""
    cmake(folder / "by_folder", folder / "shared", f"-DCMAKE_INSTALL_PREFIX={folder / 'prefix_shared'}")
    return folder / "shared"


def run_app(program: Path, folder: Path) -> None:
    argv = [str(program)]
    for name in ("alpha", "beta"):
        argv += [str(folder / name / "weights.bin"), str(folder / name / "test" / "golden.bin")]
    said = call(argv)
    assert re.match(r"alpha 2 [\de.-]+\nbeta 2 [\de.-]+\n\Z", said), said


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_tree_passes_its_own_test(folder: Path, built: Path, name: str) -> None:
    said = call(["ctest", "--test-dir", str(folder / name / "build"), "--no-tests=error"])
    assert "100% tests passed" in said


def test_its_test_can_fail(folder: Path, built: Path) -> None:
    """With one of the recorded outputs changed."""
    data = bytearray((folder / "alpha" / "test" / "golden.bin").read_bytes())
    data[-2] ^= 0x40
    wrong = folder / "wrong.bin"
    wrong.write_bytes(data)
    program = str(folder / "alpha" / "build" / "alpha_golden")
    with pytest.raises(AssertionError, match="relative L2 error"):
        call([program, str(folder / "alpha" / "weights.bin"), str(wrong)])
    wrong.write_bytes(data[:-1])
    with pytest.raises(AssertionError, match="sample 1 cannot be read"):
        call([program, str(folder / "alpha" / "weights.bin"), str(wrong)])


def test_one_c_program_finds_both_packages(folder: Path, built: Path) -> None:
    cmake(folder / "by_package", folder / "app", f"-DCMAKE_PREFIX_PATH={built}")
    run_app(folder / "app" / "app", folder)
    weights = (folder / "app" / "weights").read_text().split()
    assert [Path(w).read_bytes() for w in weights] == [
        (folder / n / "weights.bin").read_bytes() for n in ("alpha", "beta")
    ]
    assert {p.name for p in (built / "include").iterdir()} == {"alpha", "beta"}, "the runtime's headers stay private"


def test_both_as_folders_of_one_project_and_shared(folder: Path, shared: Path) -> None:
    run_app(shared / "app", folder)
    linked = call(["ldd", str(shared / "app")])
    assert "libalpha.so.1" in linked and "libbeta.so.1" in linked


def test_packages_of_shared_libraries(folder: Path, shared: Path) -> None:
    call(["cmake", "--install", str(shared)])
    cmake(folder / "by_package", folder / "app_shared", f"-DCMAKE_PREFIX_PATH={folder / 'prefix_shared'}")
    run_app(folder / "app_shared" / "app", folder)


def symbols(library: Path, *options: str) -> list[tuple[str, str]]:
    """(type, demangled name) of the external symbols that a library defines."""
    lines = call(["nm", "-C", "--defined-only", "--extern-only", *options, str(library)]).splitlines()
    return [(m[1], m[2]) for m in (re.match(r"[0-9a-f]+ (\w) (.+)", line) for line in lines) if m]


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_static_library_defines_its_own_symbols_only(built: Path, name: str) -> None:
    found = symbols(next(built.rglob(f"lib{name}.a")))
    strong = [symbol for kind, symbol in found if kind in "TDBR"]
    assert f"{name}_create" in strong
    others = [s for s in strong if not s.startswith(f"{name}_") and f"npas_{name}::" not in s]
    assert not others, others
    # What is weak comes from templates of the standard library, the same for whoever has it.
    weak = [s for kind, s in found if kind not in "TDBR" and f"npas_{name}::" not in s]
    assert all("std::" in s or "__gnu_cxx::" in s or s.startswith("DW.ref.") for s in weak), weak


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_shared_library_shows_its_c_interface_only(shared: Path, name: str) -> None:
    header = (shared.parent / name / "include" / name / f"{name}.h").read_text()
    declared = set(re.findall(rf"\b({name}_\w+)\(", header))
    shown = {symbol for kind, symbol in symbols(shared / name / f"lib{name}.so", "-D") if kind not in "Vvu"}
    own = {s for s in shown if not re.search(r"\bstd::|__gnu_cxx::", s)}
    assert own == declared


@pytest.mark.parametrize("name", ["test", "all", "m"])
def test_names_that_mean_something_to_cmake(tmp_path: Path, name: str) -> None:
    """``m`` is also what the golden program links with: the mathematical library, not the model."""
    tree = renamed(beta(), name).write(tmp_path / name)
    call(["cmake", "-S", str(tree), "-B", str(tree / "build"), "-G", "Ninja"])
    commands = call(["ninja", "-C", str(tree / "build"), "-t", "commands", f"{name}_golden"])
    assert "-lm" in commands.splitlines()[-1].split()
