"""How long a program takes, and how sure that is.

    t    one forward pass, ms          (a process of a program gives at least ``runs`` of them)
    m    median of one process's t     (its processes differ more than its runs do)
    M    median of the m               (what is reported as the latency)
    R    median over rounds of m / m'  (a round runs every program once, in random order)

Intervals are 95 % percentile bootstraps over processes (for R, over rounds). No measured time is dropped.
A ratio comes from interleaved processes only: two reports made at different times say nothing about each other.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from npas.errors import DeviceError
from npas.targets.bench import LayerTime, RunnableProgram, Settings, run_bench
from npas.targets.device import Device
from npas.targets.locks import device_lock

__all__ = [
    "FULL_SETTINGS",
    "QUICK_SETTINGS",
    "Latency",
    "LatencyReport",
    "LayerTime",
    "QuickLatency",
    "Ratio",
    "RunnableProgram",
    "Settings",
    "measure",
    "paired_and_least",
    "profile",
    "quick",
]

log = logging.getLogger("npas.measure")

STABLE_WIDTH = 0.10
_RESAMPLES = 2000
_QUANTILES = (2.5, 97.5)

FULL_SETTINGS = Settings()
QUICK_SETTINGS = Settings(processes=1, runs=100, min_s=0.1)

Interval = tuple[float, float]


@dataclass(frozen=True)
class Latency:
    """One program's times in ms; mean, p90, p99, min and count are over all runs of all processes."""

    mean: float
    median: float
    p90: float
    p99: float
    min: float
    count: int
    interval: Interval
    process_medians: tuple[float, ...]

    @property
    def stable(self) -> bool:
        """Whether the interval is at most 10 % of the median wide."""
        return self.interval[1] - self.interval[0] <= STABLE_WIDTH * self.median


@dataclass(frozen=True)
class Ratio:
    """One program's time by another's; below 1 the first is faster."""

    median: float
    interval: Interval


@dataclass(frozen=True)
class LatencyReport:
    """What one interleaved measurement found, and under which conditions. Keys are the programs' names."""

    latencies: Mapping[str, Latency]
    programs: Mapping[str, RunnableProgram]
    threads: int
    device: str
    conditions: Mapping[str, str | float | None]
    settings: Settings
    seed: int

    @property
    def stable(self) -> bool:
        """Whether every program's latency is."""
        return all(latency.stable for latency in self.latencies.values())

    def ratio(self, name: str, base: str) -> Ratio:
        """Time of ``name`` / time of ``base``, paired by round."""
        pairs = np.divide(self.latencies[name].process_medians, self.latencies[base].process_medians)
        return Ratio(float(np.median(pairs)), bootstrap(pairs, self.seed))

    def to_json(self, name: str, dense: str | None = None) -> dict[str, object]:
        """``bench.json``'s shape for the program ``name``, compared with ``dense`` where that was measured too."""
        program = self.programs[name].program
        shown: dict[str, object] = {"latency_ms": asdict(self.latencies[name])}
        if dense is not None:
            shown["dense_latency_ms"] = asdict(self.latencies[dense])
            shown["ratio"] = asdict(self.ratio(name, dense))
        return shown | {
            "stable": self.stable,
            "threads": self.threads,
            "device": self.device,
            "conditions": dict(self.conditions),
            "settings": asdict(self.settings),
            "compiler": program.compiler.version,
            "flags": list(program.flags),
            "binary_sha256": program.sha256,
        }


@dataclass(frozen=True)
class QuickLatency:
    """A search trial's latency in ms, without an interval; the paper's figure is the mean."""

    mean: float
    median: float
    min: float
    count: int


def measure(
    programs: Mapping[str, RunnableProgram],
    device: Device,
    threads: int,
    settings: Settings = FULL_SETTINGS,
    seed: int = 0,
    on_round: Callable[[int, int], None] | None = None,
) -> LatencyReport:
    """Time the programs against each other: in each of ``settings.processes`` rounds every program runs once, in a
    fresh process and in random order, with ``threads`` threads each.

    The device is locked throughout. Raises DeviceError. ``on_round`` hears (rounds done, rounds in all).
    """
    order = np.random.default_rng(seed)
    names = list(programs)
    times: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    with device_lock(device.name):
        conditions = device.conditions()
        for done in range(settings.processes):
            for index in order.permutation(len(names)):
                name = names[index]
                times[name].append(_times(programs[name], device, threads, settings))
            if on_round is not None:
                on_round(done + 1, settings.processes)
    latencies = {name: _latency(times[name], seed) for name in names}
    for name, latency in latencies.items():
        if not latency.stable:
            low, high = latency.interval
            log.info("%s: unstable, median %.3f ms in [%.3f, %.3f]", name, latency.median, low, high)
    return LatencyReport(latencies, dict(programs), threads, device.describe(), conditions, settings, seed)


def quick(program: RunnableProgram, device: Device, threads: int, settings: Settings = QUICK_SETTINGS) -> QuickLatency:
    """The latency of a search trial: one fresh process by default. The device is locked. Raises DeviceError."""
    with device_lock(device.name):
        runs = [_times(program, device, threads, settings) for _ in range(settings.processes)]
    pooled = np.concatenate(runs)
    return QuickLatency(float(pooled.mean()), float(np.median(pooled)), float(pooled.min()), len(pooled))


def profile(
    program: RunnableProgram, device: Device, threads: int, settings: Settings = QUICK_SETTINGS
) -> tuple[LayerTime, ...]:
    """Each layer's median time in one process; the timers between layers cost, so their sum is not the latency.

    The device is locked. Raises DeviceError.
    """
    with device_lock(device.name):
        found = run_bench(program, device, threads, settings, profile=True).layers_ms
    if not found:
        raise DeviceError(f"{program.program.binary.name}: must report every layer's time, got none, generate it again")
    return tuple(found)


def paired_and_least(times: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    """``times`` / ``base``, which were measured in turn, by two measures: the median of the rounds' ratios, and the
    ratio of least times. Infinite where the base was too short to be seen.

    The least alone is fooled by a machine that is fast for one round, the median by one that is slow for several.
    """
    ratios = [_ratio(*pair) for pair in zip(times, base, strict=True)]
    return float(np.median(ratios)), _ratio(min(times), min(base))


def _ratio(time: float, base: float) -> float:
    return time / base if base else math.inf


def bootstrap(values: Sequence[float] | NDArray[np.float64], seed: int) -> Interval:
    """95 % percentile bootstrap interval of the median of ``values``."""
    sample = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed).integers(0, len(sample), size=(_RESAMPLES, len(sample)))
    low, high = np.percentile(np.median(sample[draws], axis=1), _QUANTILES)
    return float(low), float(high)


def _latency(times: Sequence[NDArray[np.float64]], seed: int) -> Latency:
    """``times`` holds one array [runs] per process."""
    pooled = np.concatenate(times)
    medians = [float(np.median(run)) for run in times]
    p90, p99 = np.percentile(pooled, (90, 99))
    return Latency(
        mean=float(pooled.mean()),
        median=float(np.median(medians)),
        p90=float(p90),
        p99=float(p99),
        min=float(pooled.min()),
        count=len(pooled),
        interval=bootstrap(medians, seed),
        process_medians=tuple(medians),
    )


def _times(program: RunnableProgram, device: Device, threads: int, settings: Settings) -> NDArray[np.float64]:
    """The times of one fresh process [runs], in ms."""
    return np.asarray(run_bench(program, device, threads, settings).times_ms, dtype=np.float64)
