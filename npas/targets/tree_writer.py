"""A folder of generated files that is the old one or the new one, never half of each."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from npas.targets import atomic

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_USERS_FOLDER = "build"  # where CMake builds: not ours, and it moves along
_WAS = ".was"  # of an old tree whose place is free for a moment


def write_tree(root: Path, tree: Mapping[str, bytes]) -> None:
    """Make ``root`` hold exactly ``tree`` (relative posix path -> bytes), and whatever ``root/build`` held.

    The whole is staged beside ``root`` and swapped in at once. A file whose bytes stay the same keeps its time, so that
    CMake and ninja rebuild only what changed. One writer at a time: see ``locks.locked``. Raises OSError.
    """
    root = root.absolute()
    root.parent.mkdir(parents=True, exist_ok=True)
    recover(root)
    stage = atomic.staging_path(root)
    try:
        _fill(stage, root, tree)
        _swap(stage, root)
    except BaseException:
        recover(root)
        raise
    atomic.sync_folder(root.parent)


def recover(root: Path) -> None:
    """After a writer that was killed: ``root`` is whole again, the user's folder in it, and stages are gone.

    For its one writer, before anybody else removes stages. Only an old tree has the user's folder, or its suffix.
    """
    stages = sorted(root.parent.glob(f".{root.name}.*.tmp"))
    for was in root.parent.glob(f".{root.name}.*{_WAS}"):
        if root.exists():
            stages.append(was)
        else:
            was.rename(root)
    for stage in stages:
        if root.exists():
            _bring_users_folder(stage, root)
        shutil.rmtree(stage, ignore_errors=True)


def write_scratch(root: Path, tree: Mapping[str, bytes]) -> None:
    """The same into a new folder that nobody else sees and that goes soon: neither staged nor waited for."""
    root.mkdir(parents=True)
    for pure, data in _files(tree):
        (root / pure).parent.mkdir(parents=True, exist_ok=True)
        (root / pure).write_bytes(data)


def _files(tree: Mapping[str, bytes]) -> Iterator[tuple[PurePosixPath, bytes]]:
    for name, data in sorted(tree.items()):
        pure = PurePosixPath(name)
        assert not pure.is_absolute() and ".." not in pure.parts and pure.parts, f"not a path inside a tree: {name!r}"
        assert pure.parts[0] != _USERS_FOLDER, f"{_USERS_FOLDER}/ is the user's: {name!r}"
        yield pure, data


def _fill(stage: Path, old: Path, tree: Mapping[str, bytes]) -> None:
    stage.mkdir()
    folders = {stage}
    for pure, data in _files(tree):
        path = stage / pure
        path.parent.mkdir(parents=True, exist_ok=True)
        folders.update(path.parents[: len(pure.parts)])
        if not _keep(old / pure, path, data):
            atomic.write_synced(path, data)
    for folder in folders:
        atomic.sync_folder(folder)


def _keep(old: Path, new: Path, data: bytes) -> bool:
    """Take the old file over, as the same file, where it has these very bytes."""
    try:
        if old.is_symlink() or old.stat().st_size != len(data) or old.read_bytes() != data:
            return False
        os.link(old, new)
    except OSError:  # absent, unreadable, or no hard links here: write it anew
        return False
    return True


def _swap(stage: Path, root: Path) -> None:
    if not root.exists():
        stage.rename(root)
        return
    old = stage
    if not _exchange(stage, root):
        old = atomic.staging_path(root).with_suffix(_WAS)
        root.rename(old)
        stage.rename(root)
    _bring_users_folder(old, root)
    shutil.rmtree(old, ignore_errors=True)


def _bring_users_folder(old: Path, root: Path) -> None:
    if (old / _USERS_FOLDER).is_dir() and not (root / _USERS_FOLDER).exists():
        (old / _USERS_FOLDER).rename(root / _USERS_FOLDER)


def _exchange(one: Path, two: Path) -> bool:
    """Swap two names in one step (Linux); False where the system or the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(two), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(two))
