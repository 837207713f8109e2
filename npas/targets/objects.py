"""The object cache: what was compiled once is not compiled again, by any build of this user.

An object's key is the hash of everything that decides its bytes: its source and its name in the tree, the headers of
the tree that it can reach, the flags and the compiler. Files enter the cache by rename, so readers see whole ones only
and two processes may fill it at once.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from npas.targets import atomic
from npas.targets.compilers import Compiler

INCLUDE_FOLDERS = ("include", "src", "kernels")
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
_NOTES = re.compile(rb"^[ \t]*//.*\n?", re.MULTILINE)
"""Lines of comment: what they say of a candidate's weights does not make another object."""
_KNOWN_FILES = 512
_KEEP_S = 3600.0
_LIMIT_BYTES = 2 * 2**30


def default_cache() -> Path:
    """``$NPAS_CACHE``, else ``npas`` in the user's cache folder."""
    if chosen := os.environ.get("NPAS_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "npas"


@dataclass
class Sources:
    """The tree's files, each read once per build; paths are relative to the root, as texts."""

    root: Path
    _facts: dict[str, tuple[str, tuple[str, ...]] | None] = field(default_factory=dict)

    def key(self, source: Path, flags: tuple[str, ...], compiler: Compiler) -> str:
        """The key of ``source`` (relative to the root) compiled with ``flags``."""
        name = source.as_posix()
        parts = [name, compiler.version, *compiler.command, *flags]
        parts += [f"{path} {self._read(path)[0]}" for path in sorted(self._closure(name))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _closure(self, source: str) -> set[str]:
        """``source`` and every file of the tree it includes. Reads past ``#if``: a header too many costs a compile
        at most, a header too few would be a wrong object."""
        seen: set[str] = set()
        todo = [source]
        while todo:
            path = todo.pop()
            if path not in seen:
                seen.add(path)
                todo += self._read(path)[1]
        return seen

    def _read(self, path: str) -> tuple[str, tuple[str, ...]]:
        known = self._look(path)
        assert known is not None, f"{path} is not in {self.root}"
        return known

    def _look(self, path: str) -> tuple[str, tuple[str, ...]] | None:
        """Hash and includes of one file; None where the tree has no such file (a system header)."""
        if path not in self._facts:
            self._facts[path] = None
            try:
                digest, names = _facts_of((self.root / path).read_bytes())
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None
            self._facts[path] = (digest, ())  # first without its includes: they may lead back here
            self._facts[path] = (digest, tuple(self._includes(posixpath.dirname(path), names)))
        return self._facts[path]

    def _includes(self, own: str, names: Iterable[tuple[bool, str]]) -> Iterable[str]:
        """The candidates that exist, all of them: the compiler takes one, and none may be missed."""
        for quoted, name in names:
            for folder in (*INCLUDE_FOLDERS, *([own] if quoted else [])):
                found = posixpath.normpath(posixpath.join(folder, name))
                if self._look(found) is not None:
                    yield found


@lru_cache(maxsize=_KNOWN_FILES)
def _facts_of(data: bytes) -> tuple[str, tuple[tuple[bool, str], ...]]:
    """Hash of a file without its notes, and what it includes, in quotes or not. The candidates of a search share most
    of their files."""
    names = ((quote == b'"', name.decode("utf-8", errors="replace")) for quote, name in _INCLUDE.findall(data))
    return hashlib.sha256(_NOTES.sub(b"", data)).hexdigest(), tuple(names)


def entry(cache: Path, key: str, suffix: str) -> Path:
    """Where a cached file lies, or will."""
    return cache / "objects" / key[:2] / f"{key}{suffix}"


def hit(path: Path) -> bool:
    """Whether the cache has it; a hit makes it young again, so that ``trim`` leaves it."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:  # somebody else's, who lets us read
        return os.access(path, os.R_OK)
    return True


def install(stage: Path, path: Path) -> None:
    """Move a finished file, which lies on the same file system, into the cache."""
    with stage.open("rb") as file:
        os.fsync(file.fileno())
    stage.replace(path)
    atomic.sync_folder(path.parent)


def trim(cache: Path, limit_bytes: int = _LIMIT_BYTES) -> int:
    """Remove the longest unused files until the cache fits ``limit_bytes``; returns how many went.

    Files used within the last hour stay in any case: a build that runs now may be about to link them.
    """
    found = []
    for path in (cache / "objects").glob("*/*"):
        try:
            facts = path.stat()
        except FileNotFoundError:  # another process trims too
            continue
        found.append((facts.st_mtime, facts.st_size, path))
    total = sum(size for _, size, _ in found)
    removed = 0
    for used, size, path in sorted(found):
        if total <= limit_bytes or used > time.time() - _KEEP_S:
            break
        path.unlink(missing_ok=True)
        total -= size
        removed += 1
    return removed
