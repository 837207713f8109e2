"""Child processes with a deadline. At the deadline the whole process group dies, not only the child."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MOST_OUTPUT = 64 * 2**20
_LONGEST_WAIT_S = 2_000_000.0  # of a poll, whose milliseconds are 32 bits
_running: set[subprocess.Popen[bytes]] = set()


@dataclass(frozen=True)
class Finished:
    """A child that ended by itself. ``code`` is its exit status, or minus the signal that killed it."""

    code: int
    stdout: str
    stderr: str
    seconds: float


class DeadlineError(Exception):
    """The child ran past its deadline and was killed; callers say what that means in their own words."""


def run(
    argv: Sequence[str],
    timeout_s: float,
    *,
    cwd: Path | None = None,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run ``argv`` (no shell) in a process group of its own. At most 64 MiB of each output are kept. ``environment``
    comes on top of this process's.

    Raises DeadlineError after ``timeout_s`` seconds, OSError when the program cannot start.
    """
    # Output goes to files: a child that floods its output costs disk until its deadline, never our memory.
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        source.write(stdin)
        source.seek(0)
        env = None if environment is None else {**os.environ, **environment}
        start = time.perf_counter()
        child = subprocess.Popen(argv, cwd=cwd, stdin=source, stdout=out, stderr=err, start_new_session=True, env=env)
        _running.add(child)
        try:
            code = _wait(child, timeout_s)
            seconds = time.perf_counter() - start
        except subprocess.TimeoutExpired:
            raise DeadlineError from None
        finally:
            _end_group(child)
            _running.discard(child)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(_MOST_OUTPUT).decode("utf-8", errors="replace"))
    return Finished(code, texts[0], texts[1], seconds)


def end_all() -> None:
    """Kill every child that other threads wait for: who is interrupted does not wait for compilers.

    Children are in groups of their own, so a terminal's Ctrl-C does not reach them.
    """
    for child in tuple(_running):
        if child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def signal_name(code: int) -> str:
    """``SIGSEGV`` for -11."""
    assert code < 0
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _wait(child: subprocess.Popen[bytes], timeout_s: float) -> int:
    """As ``Popen.wait``, which with a deadline looks only every 50 ms: longer than some compiles take. The kernel says
    at once. Raises TimeoutExpired."""
    if sys.platform != "linux":
        return child.wait(timeout_s)
    try:
        handle = os.pidfd_open(child.pid)
    except (AttributeError, OSError):  # a Python or a kernel without it
        return child.wait(timeout_s)
    try:
        waiter = select.poll()
        waiter.register(handle, select.POLLIN)
        if not waiter.poll(1000 * min(max(timeout_s, 0.0), _LONGEST_WAIT_S)):
            raise subprocess.TimeoutExpired(child.args, timeout_s)
    finally:
        os.close(handle)
    return child.wait()


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's group: at a deadline all of it, after a normal end its stray children."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        child.wait()
