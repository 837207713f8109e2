"""Atomic files, whole trees, locks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from npas.errors import DeviceError, UsageError
from npas.targets import atomic, locks, tree_writer

HOLD = """
import sys, pathlib
from npas.targets import locks
with locks.{call}:
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path, monkeypatch):
    """Starts other processes that hold a lock until they are killed."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    children = []

    def start(call: str) -> subprocess.Popen:
        code = HOLD.format(call=call)
        child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        children.append(child)
        assert child.stdout.readline() == b"held\n"
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def tree_of(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_write_replaces_the_whole_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "deep" / "a.txt"
    atomic.write_text(path, "one\r\nlonger")
    atomic.write_text(path, "tö")
    assert path.read_bytes() == "tö".encode()
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    atomic.write_text(path, "old")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        atomic.write_text(path, "new")
    assert tree_of(tmp_path) == {"a.txt": b"old"}


def test_tree_holds_exactly_what_was_written(tmp_path):
    root = tmp_path / "runtime"
    tree_writer.write_tree(root, {"src/a.cpp": b"a", "kernels/k.cpp": b"k", "README.md": b""})
    tree_writer.write_tree(root, {"src/a.cpp": b"b", "README.md": b""})
    assert tree_of(root) == {"src/a.cpp": b"b", "README.md": b""}
    assert [p.name for p in tmp_path.iterdir()] == ["runtime"]


def test_scratch_is_written_once(tmp_path):
    tree = {"src/a.cpp": b"a", "README.md": b""}
    tree_writer.write_scratch(tmp_path / "new" / "runtime", tree)
    assert tree_of(tmp_path / "new" / "runtime") == tree
    with pytest.raises(FileExistsError):
        tree_writer.write_scratch(tmp_path / "new" / "runtime", tree)


def test_unchanged_files_keep_their_time_and_changed_ones_do_not(tmp_path):
    root = tmp_path / "runtime"
    tree_writer.write_tree(root, {"same.h": b"same", "other.h": b"old"})
    for name in ("same.h", "other.h"):
        os.utime(root / name, (1000, 1000))
    tree_writer.write_tree(root, {"same.h": b"same", "other.h": b"new"})
    assert (root / "same.h").stat().st_mtime == 1000
    assert (root / "other.h").stat().st_mtime != 1000


@pytest.mark.parametrize("exchange", [True, False])
def test_the_users_build_folder_moves_along(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(tree_writer, "_exchange", lambda one, two: False)
    root = tmp_path / "runtime"
    tree_writer.write_tree(root, {"a.h": b"1"})
    (root / "build").mkdir()
    (root / "build" / "cache").write_bytes(b"user")
    tree_writer.write_tree(root, {"a.h": b"2"})
    assert tree_of(root) == {"a.h": b"2", "build/cache": b"user"}
    assert [p.name for p in tmp_path.iterdir()] == ["runtime"]


def test_a_tree_that_fails_half_way_leaves_the_old_one(tmp_path, monkeypatch):
    root = tmp_path / "runtime"
    tree_writer.write_tree(root, {"a.h": b"1", "b.h": b"1"})
    real = atomic.write_synced

    def second_fails(path: Path, data: bytes) -> None:
        if path.name == "b.h":
            raise OSError("disk full")
        real(path, data)

    monkeypatch.setattr(atomic, "write_synced", second_fails)
    with pytest.raises(OSError, match="disk full"):
        tree_writer.write_tree(root, {"a.h": b"2", "b.h": b"2"})
    assert tree_of(tmp_path) == {"runtime/a.h": b"1", "runtime/b.h": b"1"}


def test_stages_of_killed_writers_are_swept(tmp_path):
    (tmp_path / ".runtime.123-abc.tmp").mkdir()
    tree_writer.write_tree(tmp_path / "runtime", {"a.h": b"1"})
    assert [p.name for p in tmp_path.iterdir()] == ["runtime"]


class KilledError(BaseException):
    """Not an Exception: nobody cleans up."""


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("moment", range(4))
def test_a_writer_that_is_killed_while_it_swaps_loses_nothing(tmp_path, monkeypatch, exchange, moment):
    """Before the ``moment``-th renaming; what cleans up after errors is dead, too."""
    root = tmp_path / "runtime"
    tree_writer.write_tree(root, {"a.h": b"1"})
    (root / "build").mkdir()
    (root / "build" / "cache").write_bytes(b"user")
    left, rename, real_exchange = [moment], Path.rename, tree_writer._exchange

    def counted(work):
        def step(*args):
            if left[0] == 0:
                raise KilledError
            left[0] -= 1
            return work(*args)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", counted(rename))
        patch.setattr(tree_writer, "_exchange", counted(real_exchange) if exchange else lambda one, two: False)
        patch.setattr(tree_writer.shutil, "rmtree", lambda *_, **__: None)
        with suppress(KilledError):
            tree_writer.write_tree(root, {"a.h": b"2"})
    tree_writer.recover(root)
    assert tree_of(root) in ({"a.h": b"1", "build/cache": b"user"}, {"a.h": b"2", "build/cache": b"user"})
    assert [p.name for p in tmp_path.iterdir()] == ["runtime"]


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "build/x", ""])
def test_paths_that_leave_the_tree_are_a_bug_of_ours(tmp_path, name):
    with pytest.raises(AssertionError):
        tree_writer.write_tree(tmp_path / "runtime", {name: b""})
    assert list(tmp_path.iterdir()) == []


def test_the_second_build_learns_who_holds_the_folder(tmp_path, hold):
    folder = tmp_path / "generated" / "digits"
    child = hold(f"locked(pathlib.Path({str(folder)!r}))")
    with pytest.raises(UsageError, match=rf"process {child.pid}, .*since 20"), locks.locked(folder):
        pass
    child.send_signal(signal.SIGKILL)
    child.wait()
    with locks.locked(folder):  # the lock died with its holder
        pass


def test_two_folders_do_not_lock_each_other(tmp_path, hold):
    hold(f"locked(pathlib.Path({str(tmp_path / 'a')!r}))")
    with locks.locked(tmp_path / "b"):
        pass


def test_a_device_is_timed_by_one_at_a_time(hold):
    child = hold("device_lock('odd/name: 1')")
    with pytest.raises(DeviceError, match=f"process {child.pid}"), locks.device_lock("odd/name: 1", timeout_s=0.2):
        pass
    with locks.device_lock("odd_name: 1", timeout_s=0.2):  # another device
        pass


def test_someone_elses_lock_folder_is_refused(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "npas").symlink_to(tmp_path / "real")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with pytest.raises(DeviceError, match="folder of this user"):
        locks.runtime_folder()
