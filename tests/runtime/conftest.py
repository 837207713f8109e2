"""What the tests of the runtime share: things that take long to build, once per run whoever asks first."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import two_models
from runtime_trees import call, cmake

Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(run_folder: Path) -> Once:
    """``once(name, make)``: the folder that ``make`` fills, the same for all workers of a run."""

    def build(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = run_folder / "runtime" / name, run_folder / "runtime" / f"{name}.done"
        folder.parent.mkdir(exist_ok=True)
        with folder.with_name(f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return build


@pytest.fixture(scope="session")
def trees(once: Once) -> Path:
    """Trees ``alpha`` and ``beta`` and the projects ``by_package`` and ``by_folder`` for both."""
    return once("trees", two_models.write)


@pytest.fixture(scope="session")
def static(once: Once, trees: Path) -> Path:
    """Builds ``alpha`` and ``beta``, static, each by itself, both installed into ``prefix``."""

    def make(folder: Path) -> None:
        for name, target in (("alpha", "all"), ("beta", "beta_golden")):
            cmake(trees / name, folder / name, target=target)
            call(["cmake", "--install", str(folder / name), "--prefix", str(folder / "prefix")])

    return once("static", make)


@pytest.fixture(scope="session")
def shared(once: Once, trees: Path) -> Path:
    """The build of both as shared libraries inside one project, which also installs them into ``prefix``."""

    def make(folder: Path) -> None:
        cmake(trees / "by_folder", folder, f"-DCMAKE_INSTALL_PREFIX={folder / 'prefix'}")
        call(["cmake", "--install", str(folder)])

    return once("shared", make)
