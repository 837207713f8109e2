"""The hand-written C++ by itself: it compiles without the templates, cleanly, and does what its headers say."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from runtime_trees import call

from npas.targets.isa import ISAS, cpu_features
from npas.targets.runtime_files import runtime_dir

RUNTIME = runtime_dir()
STRICT = ("-std=c++17", "-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-Wno-psabi", "-ffp-contract=fast")
UNIT = [Path(__file__).parent / f"runtime_{part}.cpp" for part in ("unit", "tensors", "layers", "arrays", "memory")]
BY_ITSELF = [*sorted(RUNTIME.glob("src/*.cpp")), *sorted(RUNTIME.glob("tools/*.cpp")), *UNIT]
PARTS = (*(source.stem for source in UNIT), "team", "tensor", "layers", "arrays", "memory", "weights")


def compiled(folder: Path, flags: tuple[str, ...], sources: list[Path]) -> dict[str, Path]:
    """Objects by the source's stem."""
    common = ["g++", *STRICT, *flags, f"-I{RUNTIME / 'include'}", "-c"]
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
    sources = [*UNIT, *(RUNTIME / "src" / f"{name}.cpp" for name in PARTS[len(UNIT) :])]
    said = call(
        [str(linked(tmp_path, flags, compiled(tmp_path, flags, sources), PARTS)), "team"],
        env={"TSAN_OPTIONS": "exitcode=66"},
    )
    assert said.endswith(" 0 failures\n"), said


def test_every_header_stands_alone(tmp_path: Path) -> None:
    for header in sorted((RUNTIME / "include").rglob("*.h")):
        alone = tmp_path / f"{header.stem}.cpp"
        alone.write_text(f'#include "{header.relative_to(RUNTIME / "include")}"\n')
        call(["g++", *STRICT, "-fsyntax-only", f"-I{RUNTIME / 'include'}", str(alone)])
