"""This machine as a device; deadlines and deaths of what runs on it."""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

from npas.errors import DeviceError
from npas.targets import process
from npas.targets.isa import Backend
from npas.targets.local import LocalDevice
from npas.targets.runtime_files import runtime_dir, runtime_files

PYTHON = sys.executable


def test_a_program_runs_with_input_and_output():
    done = LocalDevice().run([PYTHON, "-c", "import sys; print(sys.stdin.read().upper())"], 20, stdin=b"hello")
    assert (done.code, done.stdout.strip()) == (0, "HELLO")
    assert done.seconds > 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit('the weights are bad')", "exit status 1 .*the weights are bad"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
    ],
)
def test_a_bad_end_is_a_device_error_with_its_reason(code, words):
    with pytest.raises(DeviceError, match=words):
        LocalDevice().run([PYTHON, "-c", code], 20)


def test_an_exit_status_may_be_accepted():
    assert LocalDevice().run([PYTHON, "-c", "raise SystemExit(3)"], 20, accept=(0, 3)).code == 3


def test_a_program_that_is_not_there():
    with pytest.raises(DeviceError, match="must start"):
        LocalDevice().run(["/no/such/program"], 20)


def test_the_deadline_kills_the_children_too(tmp_path):
    note = tmp_path / "pid"
    code = f"sleep 60 & echo $! > {note}; wait"
    with pytest.raises(DeviceError, match=r"within 1 s"):
        LocalDevice().run(["sh", "-c", code], 1)
    assert _gone(int(note.read_text()))


@pytest.mark.parametrize("handles", ["there", "refused", "unknown"])
def test_an_end_and_a_deadline_are_seen(monkeypatch, handles):
    def refuse(pid):
        raise OSError("no such call")

    if handles == "refused":  # by an old kernel
        monkeypatch.setattr(os, "pidfd_open", refuse, raising=False)
    elif handles == "unknown":  # to Python
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    assert process.run(["sh", "-c", "exit 3"], 20).code == 3
    with pytest.raises(process.DeadlineError):
        process.run(["sleep", "60"], 0.05)
    assert process.run(["true"], math.inf).code == 0


def test_children_left_behind_die_with_their_parent(tmp_path):
    note = tmp_path / "pid"
    LocalDevice().run(["sh", "-c", f"sleep 60 & echo $! > {note}"], 20)
    assert _gone(int(note.read_text()))


def test_a_flood_of_output_does_not_fill_our_memory(monkeypatch):
    monkeypatch.setattr(process, "_MOST_OUTPUT", 1000)
    assert len(process.run(["head", "-c", "100000", "/dev/zero"], 20).stdout) == 1000


def test_chosen_processors_are_used_and_said():
    cpu = max(os.sched_getaffinity(0))
    device = LocalDevice(cpus=(cpu,))
    done = device.run([PYTHON, "-c", "import os; print(os.sched_getaffinity(0))"], 20)
    assert done.stdout.strip() == f"{{{cpu}}}"
    assert "1 core," in device.describe()
    assert device.conditions()["affinity"] == str(cpu)


def test_the_runtime_is_found_and_its_files_are_listed_in_order():
    assert runtime_dir().is_dir()
    for backend in get_args(Backend):
        names = list(runtime_files(backend))
        assert names == sorted(names)
        places = (runtime_dir() / "common", runtime_dir() / backend)
        assert all(any((place / Path(name)).is_file() for place in places) for name in names)


def _gone(pid: int) -> bool:
    """Killed and, a moment later, reaped (by whoever adopted it) or a zombie."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False
