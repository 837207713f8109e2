"""The hand-written C++ by itself: it compiles without the templates, cleanly, and does what its headers say."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest
from runtime_trees import call

from npas.targets.isa import ISAS, Backend, cpu_features
from npas.targets.runtime_files import runtime_dir

RUNTIME = runtime_dir()
STRICT = ("-std=c++17", "-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-Wno-psabi", "-ffp-contract=fast")
TESTED = ("unit", "tensors", "layers", "arrays", "parts", "memory")
UNIT = [Path(__file__).parent / f"runtime_{part}.cpp" for part in TESTED]
FOLDERS = {backend: [RUNTIME / "common", RUNTIME / backend] for backend in get_args(Backend)}
BY_ITSELF = [*(p for f in FOLDERS["cpu"] for room in ("src", "tools") for p in sorted(f.glob(f"{room}/*.cpp"))), *UNIT]
NEEDED = ("team", "tensor", "layers", "arrays", "memory", "weights", "parts", "packing", "indexed", "formats")
PARTS = (*(source.stem for source in UNIT), *NEEDED)


def includes(backend: Backend) -> list[str]:
    return [f"-I{folder / 'include'}" for folder in FOLDERS[backend]]


def compiled(folder: Path, flags: tuple[str, ...], sources: list[Path]) -> dict[str, Path]:
    """Objects by the source's stem."""
    common = ["g++", *STRICT, *flags, *includes("cpu"), "-c"]
    objects = {source.stem: folder / f"{source.stem}.o" for source in sources}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda s: call([*common, str(s), "-o", str(objects[s.stem])]), sources))
    return objects


def linked(folder: Path, flags: tuple[str, ...], objects: dict[str, Path], names: tuple[str, ...]) -> Path:
    parts = [str(objects[name]) for name in names]
    call(["g++", *flags, *parts, "-pthread", "-o", str(folder / "unit")])
    return folder / "unit"


@pytest.mark.parametrize("isa", ["portable", "avx2"])
def test_it_compiles_by_itself_and_keeps_its_word(isa: str, once: Callable[..., Path], tmp_path: Path) -> None:
    flags = ("-O2", *ISAS[isa].flags)

    def make(folder: Path) -> None:
        linked(folder, flags, compiled(folder, flags, BY_ITSELF), PARTS)

    unit = once(f"unit_{isa}", make) / "unit"
    if ISAS[isa].features <= cpu_features():
        said = call([str(unit), str(tmp_path)])
        assert int(said.split()[-4]) > 10_000 and said.endswith(" 0 failures\n"), said


def test_threads_in_step_do_not_race(tmp_path: Path) -> None:
    """Team under ThreadSanitizer."""
    flags = ("-O1", "-g", "-fsanitize=thread")
    sources = [*UNIT, *(path for path in BY_ITSELF if path.parent.name == "src" and path.stem in PARTS[len(UNIT) :])]
    said = call(
        [str(linked(tmp_path, flags, compiled(tmp_path, flags, sources), PARTS)), "team"],
        env={"TSAN_OPTIONS": "exitcode=66"},
    )
    assert said.endswith(" 0 failures\n"), said


@pytest.mark.parametrize("backend", get_args(Backend))
def test_every_header_stands_alone(tmp_path: Path, backend: Backend) -> None:
    for folder in FOLDERS[backend]:
        for header in sorted((folder / "include").rglob("*.h")):
            alone = tmp_path / f"{header.stem}.cpp"
            alone.write_text(f'#include "{header.relative_to(folder / "include")}"\n')
            call(["g++", *STRICT, "-fsyntax-only", *includes(backend), str(alone)])


def test_opencl_compiles_by_itself(tmp_path: Path) -> None:
    for source in sorted((RUNTIME / "opencl" / "src").glob("*.cpp")):
        call(["g++", *STRICT, "-fsyntax-only", *includes("opencl"), str(source)])
