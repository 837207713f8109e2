"""Two generated source trees against each other: text as a unified diff, everything else by its hash."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npas.errors import UsageError
from npas.report.reading import clean, printable

MAX_TEXT_BYTES = 1 << 20
"""Larger files are compared by hash: nobody reads such a diff, and making it takes minutes."""

MAX_DIFF_LINES = 20_000

BUILD_MARK = "CMakeCache.txt"
"""A folder that holds this is somebody's build, not a part of the sources."""


@dataclass(frozen=True)
class File:
    """One file: its size in bytes, its SHA-256, and its lines where it is text."""

    size: int
    sha256: str
    lines: tuple[str, ...] | None


@dataclass(frozen=True)
class Tree:
    """The files under ``runtime/`` by path, sorted."""

    files: Mapping[str, File]

    @property
    def source_bytes(self) -> int:
        """Bytes of all text: the sources without weights and golden data."""
        return sum(file.size for file in self.files.values() if file.lines is not None)

    def text(self, path: str) -> str | None:
        file = self.files.get(path)
        return None if file is None or file.lines is None else "\n".join(file.lines)


def read_tree(root: Path) -> Tree:
    """Reads a tree, without CMake's build folders and without following links out of it. A missing tree is empty.

    Raises UsageError where a file or folder cannot be read.
    """
    found: dict[str, File] = {}
    try:
        for folder, folders, names in os.walk(root, onerror=_refuse):
            if BUILD_MARK in names:
                folders.clear()
                continue
            for name in [*names, *(sub for sub in folders if (Path(folder) / sub).is_symlink())]:
                path = Path(folder) / name
                found[path.relative_to(root).as_posix()] = _read(path)
    except FileNotFoundError:
        assert not found or root.exists()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(
            f"{clean(str(error.filename or root))}: must be readable, got {reason!r}, change its mode"
        ) from error
    return Tree({path: found[path] for path in sorted(found)})


def _refuse(error: OSError) -> None:
    raise error


def _read(path: Path) -> File:
    if path.is_symlink():
        target = f"link to {path.readlink()}"
        return File(len(target), hashlib.sha256(os.fsencode(target)).hexdigest(), (clean(target),))
    if not path.is_file():
        return File(0, "not a regular file", None)
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if path.suffix == ".bin" or len(data) > MAX_TEXT_BYTES or b"\0" in data:
        return File(len(data), digest, None)
    try:
        return File(len(data), digest, tuple(data.decode("utf-8").split("\n")))
    except UnicodeDecodeError:
        return File(len(data), digest, None)


def compare(a: Tree, b: Tree) -> dict[str, Any]:
    """The files that differ, sorted by path; ``change`` is added, removed or changed; ``diff`` is None unless text."""
    if not a.files or not b.files:
        return {"unknown": f"the {'first' if not a.files else 'second'} build has no sources under runtime/"}
    entries = [_entry(path, a.files.get(path), b.files.get(path)) for path in sorted({*a.files, *b.files})]
    return {"files": [entry for entry in entries if entry is not None], "compared": len(entries)}


def _entry(path: str, before: File | None, after: File | None) -> dict[str, Any] | None:
    if before is not None and after is not None and before.sha256 == after.sha256:
        return None
    return {
        "path": clean(path),
        "change": "added" if before is None else "removed" if after is None else "changed",
        "before_sha256": None if before is None else before.sha256,
        "after_sha256": None if after is None else after.sha256,
        "diff": _unified(path, before, after),
    }


def _unified(path: str, before: File | None, after: File | None) -> list[str] | None:
    """The unified diff, or None where one side is no text or too long for one."""
    sides = [() if side is None else side.lines for side in (before, after)]
    if sides[0] is None or sides[1] is None or sum(len(side or ()) for side in sides) > MAX_DIFF_LINES:
        return None
    names = ["/dev/null" if side is None else f"{mark}/runtime/{path}" for side, mark in ((before, "a"), (after, "b"))]
    old, new = (clean(name) for name in names)
    lines = difflib.unified_diff(_whole(sides[0]), _whole(sides[1]), old, new, lineterm="")
    return [_shown(line) for line in lines]


def _whole(lines: tuple[str, ...]) -> list[str]:
    """Lines without the empty one after the last newline; a missing last newline is said, as diff(1) says it."""
    if not lines or lines == ("",):
        return []
    return list(lines[:-1]) if lines[-1] == "" else [*lines[:-1], f"{lines[-1]}\n\\ No newline at end of file"]


def _shown(line: str) -> str:
    return "\n".join(printable(part) for part in line.split("\n"))
