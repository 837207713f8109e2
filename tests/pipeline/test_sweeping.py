"""What killed builds leave behind is removed by the next one; what others still use is not."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from npas.targets import atomic, scratch

HOLD = """
import sys, tempfile
from npas.targets import scratch
tempfile.tempdir = sys.argv[1]
with scratch.folder() as held:
    print(held, flush=True)
    sys.stdin.read()
"""


def test_scratch_folders_of_killed_processes_go_and_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    killed = holders[0]
    try:
        paths = []
        for holder in holders:
            assert holder.stdout is not None
            paths.append(Path(holder.stdout.readline().strip()))
        (paths[0] / "weights.bin").write_bytes(b"1")
        killed.kill()
        killed.wait()
        (tmp_path / "npas-tree-notes").write_text("a file of somebody's")
        with scratch.folder() as own:
            assert own.is_dir()
            assert [path.exists() for path in paths] == [False, True]
        assert not own.exists()
        assert (tmp_path / "npas-tree-notes").exists()
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()


def test_stages_of_killed_writers_go(tmp_path: Path) -> None:
    stage = atomic.staging_path(tmp_path / "runtime")
    (stage / "src").mkdir(parents=True)
    atomic.staging_path(tmp_path / "manifest.json").write_text("{")
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / ".keep").write_text("")
    atomic.sweep(tmp_path)
    atomic.sweep(tmp_path / "absent")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".keep", "manifest.json"]
