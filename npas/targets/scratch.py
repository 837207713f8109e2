"""Temporary folders that do not pile up: a killed build cannot remove its own, the next one does it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "npas-tree-"


@contextmanager
def folder() -> Iterator[Path]:
    """An empty folder among the temporary files, removed when the block ends; so are those that nobody holds."""
    base = Path(tempfile.gettempdir())
    _sweep(base)
    # Held before it has a name that sweepers look for.
    made = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}"))
    handle = os.open(made, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        made = made.rename(base / f"{_PREFIX}{made.name.removeprefix(f'.{_PREFIX}')}")
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(handle)


def _sweep(base: Path) -> None:
    """The kernel drops a lock with the process that holds it: what can be locked has no owner. Others' are refused."""
    for path in base.glob(f"{_PREFIX}????????"):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(handle).st_uid == os.getuid():
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
