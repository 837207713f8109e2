"""Where the hand-written C++ and OpenCL C lie: ``runtime/`` of a checkout, ``npas/_runtime`` of an installed wheel."""

from __future__ import annotations

from pathlib import Path

import npas
from npas.targets.isa import Backend

_SUFFIXES = frozenset({".cpp", ".h", ".cl", ".clh"})


def runtime_dir() -> Path:
    """The folder of the hand-written C++ sources."""
    package = Path(npas.__file__).parent
    installed = package / "_runtime"
    folder = installed if installed.is_dir() else package.parent / "runtime"
    assert folder.is_dir(), f"the C++ runtime is missing from this installation: {folder}"
    return folder


def runtime_files(backend: Backend) -> dict[str, bytes]:
    """The source files of a backend and those that all share: posix path in a tree -> bytes, in sorted order."""
    found = {}
    for root in (runtime_dir() / "common", runtime_dir() / backend):
        files = (path for path in root.rglob("*") if path.is_file() and path.suffix in _SUFFIXES)
        found.update({path.relative_to(root).as_posix(): path.read_bytes() for path in files})
    return dict(sorted(found.items()))
