"""Builds that cannot come to a good end: what they say, what they leave, and with which code they exit."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tiny
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from npas.cli import app
from npas.stages import finish, searching, start
from npas.targets import locks


def unsupported_model(path: Path) -> None:
    """A classifier of 1x8x8 images in which NPAS does not know two operators."""
    nodes = [
        helper.make_node("Trilu", ["x"], ["bent"], name="bend"),
        helper.make_node("Flatten", ["bent"], ["flat"]),
        helper.make_node("Bernoulli", ["flat"], ["unit"], name="normalise"),
        helper.make_node("Gemm", ["unit", "weight"], ["y"]),
    ]
    weight = numpy_helper.from_array(np.ones((64, 10), np.float32), "weight")
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", (1, 1, 8, 8)), ("y", (1, 10))))
    graph = helper.make_graph(nodes, "odd", [x], [y], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def rows(folder: Path) -> list[Any]:
    with sqlite3.connect(folder / "search/trials.db") as store:
        return store.execute("SELECT * FROM trials ORDER BY id").fetchall()


def test_unsupported_operators_are_all_named_before_any_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsupported_model(tmp_path / "tiny.onnx")
    spec = tiny.write_spec(tmp_path)

    def trains(*_: object, **__: object) -> None:
        raise AssertionError("nothing may be trained or evaluated")

    for module in (start, searching, finish):
        monkeypatch.setattr(module, "evaluate", trains)
    for module in (start, searching):
        monkeypatch.setattr(module, "train", trains)
    done = CliRunner().invoke(app, ["build", str(spec), "--out", str(tmp_path / "out")])
    assert done.exit_code == 4, done.stderr
    assert "Trilu (node 'bend')" in done.stderr and "Bernoulli (node 'normalise')" in done.stderr
    assert "docs/operators.md" in done.stderr, "where it stands what is supported"
    assert list((tmp_path / "out").iterdir()) == []


def test_unmet_constraint_exits_5_with_the_front_and_resumes(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tiny.onnx").symlink_to(model / "tiny.onnx")
    spec = tiny.write_spec(tmp_path, trials=2, constraint="{max_latency_ms: 0.000001}")
    out = tmp_path / "out"
    caplog.set_level(logging.DEBUG, "npas.search")

    def build() -> tuple[list[str], list[int]]:
        """The front as it was printed, and the trials that were evaluated."""
        caplog.clear()
        done = CliRunner().invoke(app, ["build", str(spec), "--out", str(out)])
        assert done.exit_code == 5 and done.stdout == "", done.stderr
        front = done.stderr[done.stderr.index("The front") :].splitlines()[1:]
        return front, [n for record in caplog.records for n in tiny.evaluated(record.getMessage())]

    front, evaluated = build()
    assert front[0].split() == ["trial", "latency", "accuracy", "against", "budget"] and len(front) >= 2
    assert evaluated == [0, 1]
    manifest = tiny.read_json(out / "manifest.json")
    assert manifest["constraint_met"] is False and manifest["latency_ms"] is None
    assert manifest["constraint"] == {"max_latency_ms": 1e-6}
    assert (out / "report.html").exists() and not (out / "npas.lock").exists() and not (out / "runtime").exists()
    found = rows(out)
    assert len(found) == 2

    assert build() == (front, [])
    assert rows(out) == found

    tiny.write_spec(tmp_path, trials=3, constraint="{max_latency_ms: 0.000002}")
    assert build()[1] == [2]
    assert rows(out)[:2] == found


@contextmanager
def hanging(folder: Path, spec: Path) -> Iterator[tiny.Running]:
    """A build whose compiler never ends, once it has got there."""
    folder.mkdir(exist_ok=True)
    compiler = folder / "slow++"
    compiler.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "slow++ (GCC) 12.0" && exit\n'
        f'echo $$ >> "{folder / "compilers"}"\nexec sleep 1000\n'
    )
    compiler.chmod(0o755)
    environment = {"CXX": str(compiler), "NPAS_CACHE": str(folder / "cache")}
    with tiny.running("build", spec, "--out", folder / "out", environment=environment) as build:
        build.wait_until(lambda: (folder / "compilers").exists())
        yield build


def test_a_folder_in_use_says_who_holds_it_and_sigterm_frees_it(model: Path, tmp_path: Path) -> None:
    spec, one = tiny.write_spec(tmp_path), tmp_path / "one"
    (tmp_path / "tiny.onnx").symlink_to(model / "tiny.onnx")
    with hanging(one, spec) as holder:
        for options in ([], ["--locked"], ["--fresh"]):
            second = CliRunner().invoke(app, ["build", str(spec), "--out", str(one / "out"), *options])
            assert second.exit_code == 2 and f"process {holder.pid}" in second.stderr, second.stderr
            assert "wait for it or name another folder" in second.stderr
        os.kill(holder.pid, signal.SIGTERM)
        assert holder.wait() == 130
        assert holder.stderr().rstrip().endswith("the same command takes it up again")
    compilers = (one / "compilers").read_text().split()
    assert compilers and not [pid for pid in compilers if Path("/proc", pid).exists()]
    assert not list((one / "cache/objects").rglob("*.tmp")), "stages are cleaned up"
    with locks.locked(one / "out"):
        pass


def test_missing_model_and_spec_errors_come_first(tmp_path: Path) -> None:
    spec = tiny.write_spec(tmp_path)
    done = CliRunner().invoke(app, ["build", str(spec), "--out", str(tmp_path / "out")])
    assert done.exit_code == 3 and "tiny.onnx" in done.stderr and "tiny.yaml:3:" in done.stderr
    assert not (tmp_path / "out").exists()
