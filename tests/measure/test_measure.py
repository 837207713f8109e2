"""Latency reports, on bench programs that print what the test says."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from npas import measure
from npas.errors import DeviceError
from npas.targets.isa import ISAS
from npas.targets.local import LocalDevice
from npas.targets.process import Finished
from npas.targets.toolchain import Compiler, Program, compile_program
from npas.targets.tree_writer import write_tree

FEW = measure.Settings(processes=3, warmup_runs=1, warmup_s=0.0, runs=4, min_s=0.0, timeout_s=20.0)
FEW_TWICE = measure.Settings(processes=2, runs=4)
COMPILER = Compiler(("g++",), "gcc", "g++ 12")

BENCH = rb"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
int main(int argc, char** argv) {
    int runs = 0;
    bool profile = false;
    for (int i = 2; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--runs")) runs = std::atoi(argv[i + 1]);
        if (!std::strcmp(argv[i], "--profile")) profile = true;
    }
    std::FILE* weights = std::fopen(argv[1], "r");
    if (!weights) {
        std::fprintf(stderr, "cannot read the weights\n");
        return 1;
    }
    double time = 0;
    if (std::fscanf(weights, "%lf", &time) != 1) return 2;
    std::printf("{\"times_ms\": [");
    for (int i = 0; i < runs; ++i) std::printf("%s%g", i ? "," : "", time);
    const char* layers = ", \"layers_ms\": [{\"name\": \"conv\", \"median_ms\": 0.5, \"least_ms\": 0.4}]";
    std::printf("]%s}\n", profile ? layers : "");
}
"""


class Scripted:
    """A device whose programs take the times that the test lists, one list per process."""

    name = "scripted"

    def __init__(self, times: dict[str, list[list[float]]]) -> None:
        self.times = {name: list(runs) for name, runs in times.items()}
        self.started: list[str] = []
        self.argv: list[str] = []

    def describe(self) -> str:
        return "a script"

    def conditions(self) -> dict[str, str | float | None]:
        return {"clock_mhz": None}

    def push(self, file: Path) -> str:
        return str(file)

    def run(self, argv, timeout_s, stdin=b"", accept=(0,)) -> Finished:
        self.started.append(argv[0])
        self.argv = argv
        return Finished(0, json.dumps({"times_ms": self.times[argv[0]].pop(0)}), "", 0.1)


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def runnable(name: str, weights: str = "w") -> measure.RunnableProgram:
    return measure.RunnableProgram(Program(Path(name), "0" * 64, ("-O3",), COMPILER, ISAS["portable"]), Path(weights))


def scripted(times: dict[str, list[list[float]]], settings=FEW, seed=0) -> tuple[measure.LatencyReport, Scripted]:
    device = Scripted(times)
    report = measure.measure({name: runnable(name) for name in times}, device, 2, settings, seed)
    return report, device


def steady(ms: float, processes: int = 3) -> list[list[float]]:
    return [[ms] * 4] * processes


def test_figures_are_those_of_the_times():
    report, _ = scripted({"a": [[1.0, 2, 3, 10], [4.0, 4, 4, 4], [5.0, 5, 6, 6]]})
    a = report.latencies["a"]
    pooled = np.array([1.0, 2, 3, 10, 4, 4, 4, 4, 5, 5, 6, 6])
    assert a.process_medians == (2.5, 4.0, 5.5)
    assert (a.median, a.mean, a.min, a.count) == (4.0, pooled.mean(), 1.0, 12)
    assert (a.p90, a.p99) == (np.percentile(pooled, 90), np.percentile(pooled, 99))
    assert a.interval == (2.5, 5.5)
    assert not a.stable
    assert not report.stable


def test_equal_times_are_certain():
    report, _ = scripted({"a": steady(2.0)})
    assert report.latencies["a"].interval == (2.0, 2.0)
    assert report.stable


def test_every_round_runs_every_program_once_in_an_order_of_its_seed():
    settings = measure.Settings(processes=8, runs=4)
    times = {name: steady(1.0, 8) for name in "abc"}
    first, again, other = (scripted(times, settings, seed)[1].started for seed in (0, 0, 1))
    rounds = [tuple(first[i : i + 3]) for i in range(0, 24, 3)]
    assert all(sorted(order) == ["a", "b", "c"] for order in rounds)
    assert len(set(rounds)) > 1
    assert first == again != other


def test_a_ratio_is_paired_by_round():
    """Both programs slow down together: the ratio knows nothing of it."""
    drift = [1.0, 2.0, 4.0]
    report, _ = scripted({"half": [[d] * 4 for d in drift], "whole": [[2 * d] * 4 for d in drift]})
    assert report.ratio("half", "whole") == measure.Ratio(0.5, (0.5, 0.5))
    assert report.ratio("whole", "half").median == 2.0
    assert not report.stable


def test_the_bootstrap_covers_the_true_median():
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        low, high = measure.bootstrap(generator.normal(10.0, 1.0, size=15), seed=1)
        inside += low <= 10.0 <= high
    assert 180 <= inside < 200


def test_bench_json_has_the_agreed_keys():
    report, _ = scripted({"pruned": steady(1.0), "dense": steady(2.0)})
    shown = json.loads(json.dumps(report.to_json("pruned", dense="dense")))
    assert {"mean", "median", "p90", "p99", "min", "count", "interval"} <= shown["latency_ms"].keys()
    assert shown["dense_latency_ms"]["median"] == 2.0
    assert shown["ratio"] == {"median": 0.5, "interval": [0.5, 0.5]}
    assert (shown["stable"], shown["threads"], shown["device"]) == (True, 2, "a script")
    assert (shown["compiler"], shown["flags"], shown["binary_sha256"]) == ("g++ 12", ["-O3"], "0" * 64)
    assert "ratio" not in report.to_json("pruned")


def test_settings_reach_the_program():
    _, device = scripted({"a": steady(1.0)})
    assert device.argv == [
        "a",
        "w",
        "--threads",
        "2",
        "--warmup-runs",
        "1",
        "--warmup-s",
        "0.0",
        "--runs",
        "4",
        "--min-s",
        "0.0",
    ]


def test_quick_pools_its_processes():
    found = measure.quick(runnable("a"), Scripted({"a": [[1.0, 1, 1, 5], [2.0, 2, 2, 2]]}), 1, FEW_TWICE)
    assert found == measure.QuickLatency(mean=2.0, median=2.0, min=1.0, count=8)


@pytest.mark.parametrize("bad", ["", "not json", "{}", '{"times_ms": [0]}', '{"times_ms": [1, "NaN", 1, 1]}', "[]"])
def test_output_that_is_not_times_is_refused(bad, monkeypatch):
    device = Scripted({})
    monkeypatch.setattr(device, "run", lambda *args: Finished(0, bad, "", 0.1))
    with pytest.raises(DeviceError, match="must print its times as JSON"):
        measure.quick(runnable("a"), device, 1, FEW)


def test_too_few_runs_are_refused():
    with pytest.raises(DeviceError, match="at least 4 runs, got 3"):
        scripted({"a": [[1.0] * 3] * 3})


def test_nothing_is_timed_while_another_timing_runs(tmp_path):
    code = (
        "import sys\nfrom npas.targets.locks import device_lock\n"
        "with device_lock('scripted'):\n print('held', flush=True)\n sys.stdin.readline()"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    device = Scripted({"a": steady(1.0)})
    timing = threading.Thread(target=measure.measure, args=({"a": runnable("a")}, device, 1, FEW))
    timing.start()
    timing.join(0.3)
    assert device.started == []
    other.communicate(b"\n")
    timing.join()
    assert device.started == ["a"] * 3


def test_a_compiled_program_is_measured_on_this_machine(tmp_path):
    write_tree(tmp_path / "runtime", {"tools/bench.cpp": BENCH})
    program = compile_program(tmp_path / "runtime", "bench", ISAS["portable"], cache=tmp_path / "cache")
    for name, ms in (("fast", 1.5), ("slow", 3.0)):
        (tmp_path / name).write_text(str(ms))
    programs = {name: measure.RunnableProgram(program, tmp_path / name) for name in ("fast", "slow")}
    heard = []
    report = measure.measure(programs, LocalDevice(), 1, FEW, on_round=lambda done, of: heard.append((done, of)))
    assert report.ratio("fast", "slow").median == 0.5
    assert report.latencies["slow"].count == 12
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert measure.profile(programs["fast"], LocalDevice(), 1, FEW)[0].name == "conv"
    missing = measure.RunnableProgram(program, tmp_path / "none")
    with pytest.raises(DeviceError, match="cannot read the weights"):
        measure.quick(missing, LocalDevice(), 1, FEW)
