"""Layers that gain nothing are built dense; those that one of two programs runs together are compared as a pair."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, count, islice, repeat
from typing import Any, cast

import numpy as np
import pytest

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.schedules.records import DepthwiseSchedule
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder
from npas.search.candidate import Pruning
from npas.spec.schema import CpuTarget
from npas.stages import layers
from npas.stages.layers import GAIN, MOST_ROUNDS, MOST_S, ROUNDS, Comparison, Times, compared, without_losers
from npas.stages.program import Compiled, Machine, lower_for
from npas.targets.bench import LayerTime

WIDE, DEEP, NARROW = "wide", "deep", "narrow"
Profiles = Sequence[tuple[Mapping[str, float], Mapping[str, float]]]


def losers(monkeypatch: pytest.MonkeyPatch, given: Profiles) -> tuple[dict[str, str], int]:
    """Which of three layers are built dense, and after how many passes, where each pass measures milliseconds of the
    sparse and of the dense program as given. The second layer is depthwise."""
    builder = Builder("net")
    wide = builder.conv(builder.input((16, 64, 64)), 64, 1)
    deep = builder.conv(wide, 64, 3, groups=64)
    narrow = builder.conv(deep, 16, 1)
    names = {WIDE: wide, DEEP: deep, NARROW: narrow}
    network = initialise(builder.graph(narrow), np.random.default_rng(0))
    prunings = {wide: Pruning("unstructured", 5.0), narrow: Pruning("block_punched", 5.0)}
    passes = iter(given)
    taken = 0

    def rounds(programs: Sequence[tuple[Any, Sequence[str]]], _: Machine) -> Iterator[list[Times]]:
        nonlocal taken
        # Where it runs together with the layer before, the depthwise one has no layer of its own.
        assert [deep in roots for _, roots in programs] == [True, False] or taken
        taken += 1
        return repeat([Times({names[key]: ms for key, ms in times.items()}) for times in next(passes)])

    monkeypatch.setattr(layers, "rounds", rounds)
    machine = Machine.of(CpuTarget(type="cpu", threads=1))
    options = Options(prunings=prunings, schedules={deep: DepthwiseSchedule(pixels=4, rows=2)})
    found = without_losers(one_shot(network, prunings).network, options, "net", machine)
    called = {node: key for key, node in names.items()}
    return {called[node]: reason for node, reason in found.dense.items()}, taken


def test_a_layer_that_gains_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    found = losers(monkeypatch, [({WIDE: 1.0, DEEP: 1.0, NARROW: 1.0}, {WIDE: 3.0, NARROW: 2.0})])
    assert found == ({}, 1)


def test_a_layer_that_gains_nothing_is_built_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    times = {WIDE: 1.0, DEEP: 1.0}
    found, passes = losers(
        monkeypatch, [(times | {NARROW: 2.0}, {WIDE: 3.0, NARROW: 2.0})] + 2 * [(times, {WIDE: 3.0})]
    )
    assert found == {NARROW: "bcs took 1.000 of the dense kernel's 2.0000 ms, more than 0.95"}
    assert passes == 2


def test_a_pair_that_pruning_takes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dense program has the time of both under the first one's name: alone, the sparse one would seem faster."""
    found, _ = losers(monkeypatch, 2 * [({WIDE: 1.0, DEEP: 1.0, NARROW: 1.0}, {WIDE: 1.5, NARROW: 2.0})])
    assert found == {WIDE: "csr took 1.333 of the dense kernel's 1.5000 ms, more than 0.95"}


def test_layers_that_lose_beside_dense_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = {WIDE: 3.0, NARROW: 2.0}
    first, second = {WIDE: 1.0, DEEP: 1.0, NARROW: 2.0}, {WIDE: 3.0, DEEP: 1.0}
    found, passes = losers(monkeypatch, [(first, dense), (second, dense)])
    assert set(found) == {WIDE, NARROW}
    assert passes == 2  # no layer is left to be measured


def test_a_dense_layer_without_a_time_of_its_own() -> None:
    """Its sparse one gains nothing."""
    found = Comparison("csr", sparse=(1.0, 1.0), dense=(0.0, 0.0))
    assert found.share == math.inf
    assert found.clear
    assert found.reason == "csr gained nothing: the dense kernel is too short to be timed"


@pytest.mark.parametrize(
    ("sparse", "dense", "median", "share"),
    [
        # The dense program alone met a quiet moment, or the sparse one.
        ((2.0, 2.0, 2.0), (3.0, 3.0, 1.6), 2 / 3, 1.25),
        ((2.0, 2.0, 1.0), (1.6, 1.6, 1.6), 1.25, 1.25),
        # The machine was slow for two rounds of three, by no one factor: the ratio of medians is 0.6.
        ((1.0, 4.0, 3.0), (2.0, 5.0, 6.0), 0.5, 0.5),
    ],
)
def test_layers_gain_by_both_measures(
    sparse: tuple[float, ...], dense: tuple[float, ...], median: float, share: float
) -> None:
    found = Comparison("csr", sparse, dense)
    assert found.median == pytest.approx(median)
    assert found.share == pytest.approx(share)


@pytest.mark.parametrize(
    ("sparse", "dense", "clear"),
    [
        ((1.0, 1.0), (2.0, 2.0), True),
        ((2.0, 2.0), (1.0, 1.0), True),
        ((1.0, 1.0), (1.0, 1.0), False),
        # One measure says that the layer gains, the other that it loses.
        ((2.0, 2.0, 2.0), (3.0, 3.0, 1.6), False),
    ],
)
def test_clear_by_both_measures(sparse: tuple[float, ...], dense: tuple[float, ...], clear: bool) -> None:
    assert Comparison("csr", sparse, dense).clear == clear


def test_rounds_are_measured_there_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each round has its own times, in the order of the programs, however they were measured."""
    clock = count(1)
    measured: list[str] = []

    def profile(program: str, *_: Any) -> tuple[LayerTime, ...]:
        measured.append(program)
        ms = float(next(clock))
        return (LayerTime(name="conv", median_ms=ms, least_ms=ms),)

    monkeypatch.setattr(layers.measure, "profile", profile)
    programs = cast("Any", [("sparse", ["a"]), ("dense", ["a"])])
    seen = list(islice(layers.rounds(programs, Machine.of(CpuTarget(type="cpu", threads=1))), 3))
    assert measured == ["sparse", "dense", "dense", "sparse", "sparse", "dense"]
    assert [[times.by_node["a"] for times in of_round] for of_round in seen] == [[1.0, 2.0], [4.0, 3.0], [5.0, 6.0]]


def test_least_times_are_by_program_and_layer() -> None:
    seen = [
        [Times({"a": 2.0, "b": 1.0}), Times({"a": 5.0})],
        [Times({"a": 1.0, "b": 3.0}), Times({"a": 6.0})],
    ]
    assert layers.least(seen) == [Times({"a": 1.0, "b": 1.0}), Times({"a": 5.0})]


def test_passes_end(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = {WIDE: 3.0, NARROW: 2.0}
    monkeypatch.setattr(layers, "PASSES", 1)
    found, passes = losers(monkeypatch, [({WIDE: 1.0, DEEP: 1.0, NARROW: 2.0}, dense)])
    assert (set(found), passes) == ({NARROW}, 1)


@pytest.mark.parametrize(
    ("shares", "seconds", "taken", "decided"),
    [
        ([2.0, 1.2, 0.5], MOST_S, ROUNDS, 0.5),
        ([2.0], MOST_S, ROUNDS, 2.0),
        ([*ROUNDS * [1.0], *ROUNDS * [0.6]], MOST_S, 2 * ROUNDS, 0.8),
        ([*ROUNDS * [1.0], *ROUNDS * [0.6]], 0.0, ROUNDS, 1.0),
        ([GAIN + 0.01], MOST_S, MOST_ROUNDS, GAIN + 0.01),
    ],
)
def test_close_calls_are_measured_on(
    monkeypatch: pytest.MonkeyPatch, shares: list[float], seconds: float, taken: int, decided: float
) -> None:
    """Rounds until the share of the dense time is clearly one that gains, or loses, or until the time is up."""
    builder = Builder("net")
    conv = builder.conv(builder.input((16, 8, 8)), 16, 1)
    network = initialise(builder.graph(conv), np.random.default_rng(0))
    machine, prunings = Machine.of(CpuTarget(type="cpu", threads=1)), {conv: Pruning("unstructured", 5.0)}
    pruned = one_shot(network, prunings).network
    sparse, dense = (
        Compiled(pruned, lower_for(pruned, "net", machine, options)[1], cast("Any", None))
        for options in (Options(prunings=prunings), Options())
    )
    seen = count()

    def rounds(_programs: Sequence[Any], _machine: Machine) -> Iterator[list[Times]]:
        for share in chain(shares, repeat(shares[-1])):
            next(seen)
            yield [Times({conv: share}), Times({conv: 1.0})]

    monkeypatch.setattr(layers, "rounds", rounds)
    monkeypatch.setattr(layers, "MOST_S", seconds)
    assert compared(sparse, dense, machine)[conv].share == decided
    assert next(seen) == taken
