"""Files that are whole or absent: stage, fsync, rename, fsync the folder."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``; a reader, or a crash at any moment, sees the old bytes or the new ones.

    The folder is made when it is missing. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    stage = staging_path(path)
    try:
        write_synced(stage, data)
        stage.replace(path)
    except BaseException:
        stage.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """``write_bytes`` of UTF-8, with line ends as they are."""
    write_bytes(path, text.encode("utf-8"))


def staging_path(path: Path) -> Path:
    """A hidden neighbour of ``path`` that no other process or thread uses."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def sweep(folder: Path) -> None:
    """Remove the stages that killed writers left in ``folder``. For its one writer only: see ``locks.locked``."""
    for path in folder.glob(".*.tmp"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file and wait until the disk has it."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the folder's entries."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
