"""Where the hand-written C++ lies: ``runtime/`` of a checkout, ``npas/_runtime`` of an installed wheel."""

from __future__ import annotations

from pathlib import Path

import npas

_SUFFIXES = frozenset({".cpp", ".h", ".txt", ".in", ".md", ".cmake"})


def runtime_dir() -> Path:
    """The folder of the hand-written C++ sources."""
    package = Path(npas.__file__).parent
    installed = package / "_runtime"
    folder = installed if installed.is_dir() else package.parent / "runtime"
    assert folder.is_dir(), f"the C++ runtime is missing from this installation: {folder}"
    return folder


def runtime_files() -> dict[str, bytes]:
    """Its source files: relative posix path -> bytes, in sorted order."""
    root = runtime_dir()
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix in _SUFFIXES)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(files)}
