"""One trained model and one finished build for the whole run, whichever worker comes first."""

from __future__ import annotations

import fcntl
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import tiny


@dataclass(frozen=True)
class Built:
    """A finished build; tests copy the folder before they change it."""

    spec: Path
    folder: Path
    done: tiny.Finished
    torch_accuracy: float


def _once(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder`` as ``make`` filled it, once per run; other workers wait."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            stage = folder.with_suffix(".stage")
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir()
            make(stage)
            stage.rename(folder)
    return folder


@pytest.fixture(scope="session")
def model(run_folder: Path, caches: Path) -> Path:
    """A folder with ``tiny.onnx``, trained in torch, and ``accuracy``, as torch measures it."""

    def make(folder: Path) -> None:
        trained = tiny.trained()
        tiny.export(trained, folder / "tiny.onnx")
        (folder / "accuracy").write_text(repr(tiny.accuracy(trained)))

    return _once(run_folder / "tiny_model", make)


@pytest.fixture(scope="session")
def built(run_folder: Path, model: Path) -> Built:
    """``npas build tiny.yaml``."""

    def make(folder: Path) -> None:
        shutil.copy(model / "tiny.onnx", folder)
        spec = tiny.write_spec(folder)
        done = tiny.npas("build", spec, "--out", folder / "out")
        (folder / "code").write_text(str(done.code))
        (folder / "stdout").write_text(done.stdout)
        (folder / "stderr").write_text(done.stderr)

    folder = _once(run_folder / "tiny_build", make)
    done = tiny.Finished(int((folder / "code").read_text()), *((folder / n).read_text() for n in ("stdout", "stderr")))
    assert done.code == 0, done.stderr
    return Built(folder / "tiny.yaml", folder / "out", done, float((model / "accuracy").read_text()))


@pytest.fixture
def copy(built: Built, tmp_path: Path) -> Built:
    """The build at another place, for a test that changes it."""
    shutil.copytree(built.spec.parent, tmp_path / "tiny", dirs_exist_ok=True)
    return Built(tmp_path / "tiny" / "tiny.yaml", tmp_path / "tiny" / "out", built.done, built.torch_accuracy)
