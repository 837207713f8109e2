"""A build that is killed, and killed again: the same command finishes it and does nothing twice."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import kills

MOMENTS: tuple[tuple[str, Callable[[Path, str], bool]], ...] = (
    ("loading", lambda folder, said: "data and model" in said),
    ("first trial", lambda folder, said: "trial 0 is evaluated" in said),
    ("between trials", lambda folder, said: len(kills.stored(folder)) >= 1),
    ("pruning", lambda folder, said: "phase 3" in said),
    ("runtime written", lambda folder, said: (folder / "runtime").exists()),
)


def test_a_build_killed_at_any_moment_resumes(model: Path, caches: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.onnx").symlink_to(model / "tiny.onnx")
    spec, folder, cache = tiny.write_spec(tmp_path, trials=3), tmp_path / "out", tmp_path / "cache"
    if (caches / "objects").exists():  # compiled kernels of other tests; results are this test's own
        shutil.copytree(caches / "objects", cache / "objects", ignore=shutil.ignore_patterns("*.tmp"))
    command = [*kills.NPAS, "build", spec, "--out", folder]

    runs = []
    for name, reached in MOMENTS:
        runs.append(kills.attempt(command, folder, cache, lambda _, said, reached=reached: reached(folder, said)))
        assert runs[-1].killed, f"{name}: it ended before that moment came"
        assert not runs[-1].broken, f"{name}: {runs[-1].broken}"
    runs.append(kills.attempt(command, folder, cache, lambda *_: False))

    assert runs[-1].code == 0 and not runs[-1].broken
    assert [run.again for run in runs] == [()] * len(runs), "a stored trial was evaluated again"
    assert [run.lost for run in runs] == [()] * len(runs), "a stored trial is gone or changed"
    assert [run.trials for run in runs] == sorted(run.trials for run in runs)
    assert any(0 < run.trials < 3 for run in runs) and runs[-1].trials == 3
    assert tiny.read_json(folder / "manifest.json")["constraint_met"]
    assert tiny.read_json(folder / "verify.json")["passed"]
    assert tiny.npas("build", spec, "--out", folder, "--locked", environment={"NPAS_CACHE": str(cache)}).code == 0
    assert not [path.name for path in folder.rglob(".*")], "stages of killed runs are swept away"


@pytest.mark.parametrize(
    ("name", "content", "finding"),
    [
        ("bench.json", b'{"latency_ms": ', "JSONDecodeError"),
        ("plan.yaml", b"", "empty"),
        ("model.onnx", b"\x08\x08\x12", "Error"),
        ("search/trials.db", b"SQLite format 3\0" + b"\1" * 4096, "DatabaseError"),
        ("runtime/src/forward.cpp", b"void forward(", "cut short"),
    ],
)
def test_the_examiner_sees_half_written_files(tmp_path: Path, name: str, content: bytes, finding: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(content)
    assert any(line.startswith(Path(name).name) and finding in line for line in kills.broken(tmp_path))
