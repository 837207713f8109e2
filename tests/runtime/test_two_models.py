"""Two generated models, as strangers use them: CMake, ctest, install, find_package, one C program with both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from runtime_trees import beta, call, cmake, renamed


def run_app(program: Path, trees: Path) -> None:
    argv = [str(program)]
    for name in ("alpha", "beta"):
        argv += [str(trees / name / "weights.bin"), str(trees / name / "test" / "golden.bin")]
    said = call(argv)
    assert re.match(r"alpha 2 [\de.-]+\nbeta 2 [\de.-]+\n\Z", said), said


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_tree_passes_its_own_test(static: Path, name: str) -> None:
    said = call(["ctest", "--test-dir", str(static / name), "--no-tests=error"])
    assert "100% tests passed" in said


def test_its_test_can_fail(trees: Path, static: Path, tmp_path: Path) -> None:
    """With one of the recorded outputs changed, or the last byte missing."""
    argv = [str(static / "alpha" / "alpha_golden"), str(trees / "alpha" / "weights.bin"), str(tmp_path / "golden.bin")]
    data = bytearray((trees / "alpha" / "test" / "golden.bin").read_bytes())
    data[-2] ^= 0x40
    (tmp_path / "golden.bin").write_bytes(data)
    with pytest.raises(AssertionError, match="relative L2 error"):
        call(argv)
    (tmp_path / "golden.bin").write_bytes(data[:-1])
    with pytest.raises(AssertionError, match="sample 1 cannot be read"):
        call(argv)


def test_one_c_program_finds_both_packages(trees: Path, static: Path, tmp_path: Path) -> None:
    cmake(trees / "by_package", tmp_path, f"-DCMAKE_PREFIX_PATH={static / 'prefix'}")
    run_app(tmp_path / "app", trees)
    for name, installed in zip(("alpha", "beta"), (tmp_path / "weights").read_text().split(), strict=True):
        assert Path(installed).read_bytes() == (trees / name / "weights.bin").read_bytes()
    assert {p.name for p in (static / "prefix" / "include").iterdir()} == {"alpha", "beta"}, "no header of the runtime"


def test_both_as_folders_of_one_project_and_shared(trees: Path, shared: Path) -> None:
    run_app(shared / "app", trees)
    linked = call(["ldd", str(shared / "app")])
    assert "libalpha.so.1" in linked and "libbeta.so.1" in linked


def test_packages_of_shared_libraries(trees: Path, shared: Path, tmp_path: Path) -> None:
    cmake(trees / "by_package", tmp_path, f"-DCMAKE_PREFIX_PATH={shared / 'prefix'}")
    run_app(tmp_path / "app", trees)


def symbols(library: Path, *options: str) -> list[tuple[str, str]]:
    """(type, demangled name) of the external symbols that a library defines."""
    lines = call(["nm", "-C", "--defined-only", "--extern-only", *options, str(library)]).splitlines()
    return [(m[1], m[2]) for m in (re.match(r"[0-9a-f]+ (\w) (.+)", line) for line in lines) if m]


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_static_library_defines_its_own_symbols_only(static: Path, name: str) -> None:
    found = symbols(next((static / "prefix").rglob(f"lib{name}.a")))
    strong = [symbol for kind, symbol in found if kind in "TDBR"]
    assert f"{name}_create" in strong
    others = [s for s in strong if not s.startswith(f"{name}_") and f"npas_{name}::" not in s]
    assert not others, others
    # What is weak comes from templates of the standard library, the same for whoever has it.
    weak = [s for kind, s in found if kind not in "TDBR" and f"npas_{name}::" not in s]
    assert all("std::" in s or "__gnu_cxx::" in s or s.startswith("DW.ref.") for s in weak), weak


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_shared_library_shows_its_c_interface_only(trees: Path, shared: Path, name: str) -> None:
    header = (trees / name / "include" / name / f"{name}.h").read_text()
    declared = set(re.findall(rf"\b({name}_\w+)\(", header))
    shown = {symbol for _, symbol in symbols(shared / name / f"lib{name}.so", "-D")}
    assert declared <= shown
    assert all("std::" in s or "__gnu_cxx::" in s for s in shown - declared), shown - declared


@pytest.mark.parametrize("name", ["test", "all", "m"])
def test_names_that_mean_something_to_cmake(tmp_path: Path, name: str) -> None:
    """``m`` is also what the golden program links with: the mathematical library, not the model."""
    tree = renamed(beta(), name).write(tmp_path / name)
    call(["cmake", "-S", str(tree), "-B", str(tree / "build"), "-G", "Ninja"])
    commands = call(["ninja", "-C", str(tree / "build"), "-t", "commands", f"{name}_golden"])
    assert "-lm" in commands.splitlines()[-1].split()
