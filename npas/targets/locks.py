"""Locks between processes (flock): one build per folder, one timing per device.

The kernel drops a lock with the process that holds it, so a killed build leaves none behind.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import re
import shlex
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from npas.errors import DeviceError, UsageError

log = logging.getLogger("npas.targets")

_POLL_S = 0.05


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one build. The lock file lies beside it, so that the folder itself can be replaced.

    Raises UsageError that names the holder when another process has it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(f".{folder.name}.lock")
    with _open(path) as file:
        if not _try(file):
            raise UsageError(
                f"{folder}: one build at a time may write here, got one running ({_holder(file)}), "
                "wait for it or name another folder"
            )
        _sign(file)
        yield


@contextmanager
def device_lock(name: str, timeout_s: float = 600.0) -> Iterator[None]:
    """Hold the device ``name`` for a timing, so that nothing else of this user is timed on it meanwhile.

    Waits for the holder. Not re-entrant. Raises DeviceError that names the holder after ``timeout_s`` seconds.
    """
    with _open(runtime_folder() / f"device-{_file_name(name)}.lock") as file:
        deadline = time.monotonic() + timeout_s
        waiting = False
        while not _try(file):
            if time.monotonic() > deadline:
                raise DeviceError(
                    f"device {name}: must be free within {timeout_s:g} s, got held ({_holder(file)}), try again later"
                )
            if not waiting:
                log.info("device %s is timing something else (%s); waiting", name, _holder(file))
                waiting = True
            time.sleep(_POLL_S)
        _sign(file)
        yield


def runtime_folder() -> Path:
    """This user's folder for locks: ``$XDG_RUNTIME_DIR/npas``, else ``npas-<uid>`` among the temporary files.

    Raises DeviceError when another user owns that name.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "npas" if base else Path(tempfile.gettempdir()) / f"npas-{os.getuid()}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise DeviceError(f"{folder}: must be a folder of this user, got someone else's, set XDG_RUNTIME_DIR")
    return folder


def _open(path: Path) -> IO[str]:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644), "r+")


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sign(file: IO[str]) -> None:
    """Say who holds the lock. Advisory text: the lock itself is the kernel's."""
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    file.seek(0)
    file.truncate()
    json.dump({"pid": os.getpid(), "command": shlex.join(sys.argv), "since": since}, file)
    file.flush()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        facts = json.load(file)
        return f"process {facts['pid']}, {facts['command']}, since {facts['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has not signed yet"


def _file_name(name: str) -> str:
    """``name`` as part of a file name; where letters are lost, a hash keeps two names apart."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:60]
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
