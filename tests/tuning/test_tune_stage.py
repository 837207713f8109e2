"""Tuning a real program: what is found is kept, used by the next build, and not searched for again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npas.compiler.indexed import Options
from npas.compiler.schedules.records import AnySchedule, LaneSchedule
from npas.compiler.schedules.space import PLACEMENTS, Space
from npas.errors import DeviceError
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder
from npas.graph.graph import Network
from npas.progress import Progress
from npas.spec.schema import CpuTarget, OpenClTarget, Tune
from npas.stages import finish, runtime, tuning
from npas.stages.program import Compiled, Machine, lower_for
from npas.tuning.genetic import Genetic
from npas.tuning.known import Known


@pytest.fixture
def network():
    builder = Builder("net")
    x = builder.input((3, 20, 20))
    x = builder.act(builder.conv(x, 16, 3, stride=2), "relu")
    x = builder.act(builder.conv(x, 16, 3, groups=16), "relu")
    for _ in range(2):
        x = builder.act(builder.conv(x, 16, 3), "relu")
    x = builder.linear(builder.flatten(builder.global_avg_pool(x)), 10)
    return initialise(builder.graph(x), np.random.default_rng(0))


def machine() -> Machine:
    return Machine.of(CpuTarget(type="cpu", threads=1))


def test_what_is_found_serves_the_next_build(network, monkeypatch):
    settings = Tune(generations=1, population=2)
    tuned = tuning.tune(network, "net", machine(), Options(), settings, Progress())
    kept = Known(machine().device).read()
    assert {key: found.schedule for key, found in kept.items()} == machine().known == tuned.known
    assert all(found.time_ms <= found.default_ms and found.generations == 1 for found in kept.values())
    _, lowered = lower_for(network, "net", machine())
    nodes = tuning.tunable(lowered)
    assert kept.keys() == nodes.keys()
    assert any(len(names) == 2 for names in nodes.values()), "equal layers share a search"

    def never(*_: object) -> None:
        raise AssertionError("searched again")

    monkeypatch.setattr(tuning, "search", never)
    tuning.tune(network, "net", machine(), Options(), settings, Progress())
    tuning.tune(network, "net", machine(), Options(), Tune(), Progress())
    with pytest.raises(AssertionError, match="searched again"):
        tuning.tune(network, "net", machine(), Options(), Tune(generations=2), Progress())


def test_every_round_tries_one_schedule_of_every_kernel(network, monkeypatch):
    times = tuning.Subject.times
    programs = []

    def counted(self, program, nodes):
        programs.append({layer.nodes[0]: layer.stored.schedule for layer in program.lowered.plan.weights_layers})
        return times(self, program, nodes)

    monkeypatch.setattr(tuning.Subject, "times", counted)
    plain = replace(machine(), known={})
    subject = tuning.Subject(network, "net", plain, Options())
    nodes = tuning.tunable(lower_for(network, "net", plain)[1])
    found = tuning.search(subject, nodes, Tune(generations=1, population=3), Genetic, Progress())
    assert found.rounds == 3
    assert len(programs) == 3 + 2 * tuning.CONFIRMING_ROUNDS
    stem = [program["conv2d_1" if "conv2d_1" in program else next(iter(program))] for program in programs[:3]]
    assert len(set(stem)) == 3


def confirmed(
    network: Network,
    monkeypatch: pytest.MonkeyPatch,
    shares: Sequence[float],
    whole: float = 0.9,
    drift: Sequence[float] = (1.0,) * 2 * tuning.CONFIRMING_ROUNDS,
) -> tuning.Tuned:
    """What a search finds whose new schedules take those shares of the default's time, round by round, on a machine
    whose speed changes from one profile to the next."""
    subject = tuning.Subject(network, "net", replace(machine(), known={}), Options())
    _, lowered = lower_for(network, "net", subject.machine)
    nodes, default = tuning.tunable(lowered), lowered.plan.schedules
    said = 0

    def times(_: object, program: Compiled, nodes: tuning.Nodes) -> dict[str, float]:
        nonlocal said
        new = any(program.lowered.plan.schedules[n] != default[n] for names in nodes.values() for n in names)
        confirming = said >= 2  # behind two programs of the search
        share = shares[(said - 2) // 2] if confirming and new else 0.5 if new else 1.0
        speed = drift[said - 2] if confirming else 1.0
        said += 1
        return dict.fromkeys(nodes, speed * share)

    monkeypatch.setattr(tuning.Subject, "times", times)
    monkeypatch.setattr(
        tuning.Subject, "total", lambda _, program: 1.0 if program.lowered.plan.schedules == default else whole
    )
    return tuning.search(subject, nodes, Tune(generations=1, population=2), Genetic, Progress())


def test_what_is_faster_in_every_round_is_kept(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    assert confirmed(network, monkeypatch, [0.9] * tuning.CONFIRMING_ROUNDS).gained > 0


def test_one_lucky_round_confirms_nothing(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """The least of all rounds is a schedule's that is slower in the others."""
    assert confirmed(network, monkeypatch, [1.1, 1.1, 0.8, 1.1, 1.1]).gained == 0


def test_most_rounds_confirm_nothing_where_the_default_was_held_up(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A neighbour comes in turn with the default, but for one round in which both show what they can."""
    held_up = [2.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 1.0]
    assert confirmed(network, monkeypatch, [1.0] * tuning.CONFIRMING_ROUNDS, drift=held_up).gained == 0


def test_a_machine_that_slows_down_evenly_confirms_what_is_faster(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    drift = [1.0 + 0.03 * i for i in range(2 * tuning.CONFIRMING_ROUNDS)]
    assert confirmed(network, monkeypatch, [0.9] * tuning.CONFIRMING_ROUNDS, drift=drift).gained > 0


def test_gains_that_do_not_show_in_the_whole_are_none(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    found = confirmed(network, monkeypatch, [0.9] * tuning.CONFIRMING_ROUNDS, whole=1.02)
    assert found.gained == 0 and found.tuned_ms == found.default_ms


class Placed:
    """Every placement once."""

    def __init__(self, space: Space, seeds: Sequence[AnySchedule], population: int, rng: np.random.Generator) -> None:
        assert population == len(PLACEMENTS["opencl"])
        proposed = [seeds[0].model_copy(update={"placement": name}) for name in ("image", "local", "buffer")]
        self.proposed = proposed if seeds[0] in space and hasattr(seeds[0], "placement") else [seeds[0]]
        self.times: dict[AnySchedule, float] = {}

    def propose(self) -> Sequence[AnySchedule]:
        return self.proposed

    def tell(self, schedule: AnySchedule, time_ms: float) -> None:
        self.times[schedule] = time_ms


def test_what_a_device_refuses_is_no_choice_and_no_end(
    network: Network, tmp_path: Path, failing_opencl: Callable[[str, Path], Mapping[str, str]]
) -> None:
    """A device without images: every program that has one fails."""
    found = Machine.of(OpenClTarget(type="opencl"))
    told = failing_opencl("clCreateImage", tmp_path)
    device = replace(found.device, environment=tuple(sorted(told.items())))
    subject = tuning.Subject(network, "net", replace(found, device=device, known={}), Options(direct=True))
    nodes = tuning.tunable(lower_for(network, "net", subject.machine, subject.options)[1])
    made: list[Placed] = []

    def make(*arguments: Any) -> Placed:
        made.append(Placed(*arguments))
        return made[-1]

    result = tuning.search(subject, nodes, Tune(generations=1, population=3), make, Progress())
    times = {s.placement: t for own in made for s, t in own.times.items() if isinstance(s, LaneSchedule)}
    assert times["image"] == math.inf and max(times["local"], times["buffer"]) < math.inf
    assert all(getattr(found.schedule, "placement", "buffer") != "image" for found in result.found.values())


def test_on_a_processor_what_fails_is_an_error(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise DeviceError("it fell over")

    subject = tuning.Subject(network, "net", replace(machine(), known={}), Options())
    nodes = tuning.tunable(lower_for(network, "net", subject.machine)[1])
    monkeypatch.setattr(tuning.Subject, "times", fails)
    with pytest.raises(DeviceError, match="it fell over"):
        tuning.search(subject, nodes, Tune(generations=1, population=2), Genetic, Progress())


def test_a_program_of_tuned_schedules_can_be_proven(network, tmp_path):
    """Integer weights, with which a proof runs it once more, must meet the same schedules."""
    plain = machine()
    _, lowered = lower_for(network, "net", plain)
    rng = np.random.default_rng(0)
    known = {choice.key: choice.space.random(rng) for choice in lowered.choices.values()}
    tuned = replace(plain, known=known)
    made = runtime.generate(finish.export(network, "net", tmp_path), "net", tuned, Options())
    assert made.lowered.plan != lowered.plan
    runtime.write(tmp_path, made, b"")
    images = rng.standard_normal((1, 3, 20, 20)).astype(np.float32)
    assert finish.parity(tmp_path, made, tuned, images).passed
