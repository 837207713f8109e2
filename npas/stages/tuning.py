"""Tuning a network where it lies: every distinct kernel is searched at once, inside the program that will run.

A round compiles the whole network with one new schedule per key and profiles it, so each layer is timed with the
layouts and the caches that its neighbours leave it, and one compilation tries something for every layer.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from npas import measure
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered
from npas.compiler.schedules.records import AnySchedule
from npas.compiler.schedules.space import Space
from npas.errors import CompileError, DeviceError
from npas.graph.graph import Network
from npas.measure import Settings
from npas.progress import Progress
from npas.spec.schema import Tune
from npas.stages.program import Compiled, Machine, compiled, lower_for
from npas.tuning.genetic import Genetic, Strategy
from npas.tuning.known import Found, Known

SETTINGS = Settings(processes=1, warmup_runs=2, warmup_s=0.05, runs=5, min_s=0.1)
"""Of one profile. The least of its runs counts: noise only adds time."""
CONFIRMING_ROUNDS = 5
"""Profiles of a tuned program and the default one, in turn."""
GAIN = 0.98
"""A schedule is kept where it takes at most this share of the default's time in the confirming rounds, by the least of
each and by the median of the rounds' shares."""

Nodes = Mapping[str, tuple[str, ...]]
"""Root nodes by key."""
_T = TypeVar("_T")
MakeStrategy = Callable[[Space, Sequence[AnySchedule], int, np.random.Generator], Strategy]


@dataclass(frozen=True)
class Tuned:
    """What a search found, by key; ``rounds`` whole programs were measured for it."""

    found: Mapping[str, Found]
    rounds: int

    @property
    def default_ms(self) -> float:
        """Of all searched layers together, as they were."""
        return sum(f.default_ms for f in self.found.values())

    @property
    def tuned_ms(self) -> float:
        """The same with what was found."""
        return sum(f.time_ms for f in self.found.values())

    @property
    def gained(self) -> int:
        """Keys that were sped up."""
        return sum(f.time_ms < f.default_ms for f in self.found.values())


def tune(network: Network, name: str, machine: Machine, options: Options, settings: Tune, say: Progress) -> Machine:
    """Searches the schedules of every layer that had fewer generations before, remembers what it found and returns a
    machine that knows it.

    Raises UnsupportedError, CompileError, DeviceError.
    """
    memory = Known(machine.device)
    had = {key: found.generations for key, found in memory.read().items()}
    subject = Subject(network, name, machine, options)
    _, lowered = lower_for(network, name, machine, options)
    nodes = {key: names for key, names in tunable(lowered).items() if had.get(key, 0) < settings.generations}
    if not nodes:
        return machine
    say.stage(f"tuning {len(nodes)} kernels: {settings.generations} generations of {settings.population}")
    tuned = search(subject, nodes, settings, Genetic, say)
    say.log(f"{tuned.gained} kernels gained: {tuned.default_ms:.3f} ms before, {tuned.tuned_ms:.3f} ms after")
    memory.add(tuned.found)
    return replace(machine, known={**machine.known, **{key: f.schedule for key, f in tuned.found.items()}})


@dataclass(frozen=True)
class Subject:
    """A network, and how it is built but for the schedules that are tried."""

    network: Network
    name: str
    machine: Machine
    options: Options

    @contextmanager
    def with_schedules(self, nodes: Nodes, schedules: Mapping[str, AnySchedule]) -> Iterator[Compiled]:
        """The program with the given schedules, by key."""
        by_node = {node: schedule for key, schedule in schedules.items() for node in nodes[key]}
        options = replace(self.options, schedules={**self.options.schedules, **by_node})
        with compiled(self.network, self.name, self.machine, options) as program:
            yield program

    def measured(
        self, nodes: Nodes, kept: Mapping[str, AnySchedule], tried: Mapping[str, AnySchedule]
    ) -> dict[str, float]:
        """``times`` of what is tried, beside what is kept; infinite for what an OpenCL device refuses.

        Its compiler, its registers and its memories set limits that no query tells. Halves of a refused program say
        whose schedule it was.
        """
        try:
            with self.with_schedules(nodes, {**kept, **tried}) as program:
                times = self.times(program, nodes)
                return {key: times[key] for key in tried}
        except (CompileError, DeviceError):
            if self.machine.isa.backend != "opencl":
                raise
        if len(tried) == 1:
            return dict.fromkeys(tried, math.inf)
        keys = list(tried)
        halves = keys[: len(keys) // 2], keys[len(keys) // 2 :]
        return {k: t for half in halves for k, t in self.measured(nodes, kept, {k: tried[k] for k in half}).items()}

    def total(self, program: Compiled) -> float:
        """Least milliseconds of all layers together."""
        return sum(self._by_node(program).values())

    def times(self, program: Compiled, nodes: Nodes) -> dict[str, float]:
        """Least milliseconds by key, of all its layers and of copies that prepare their inputs."""
        by_node = self._by_node(program)
        for node, choice in program.lowered.choices.items():
            if choice.partner:  # two layers, or one: what either gains or loses shows in the sum alone
                by_node[node] = by_node[choice.partner] = by_node[node] + by_node[choice.partner]
        return {key: sum(by_node[node] for node in names) for key, names in nodes.items()}

    def _by_node(self, program: Compiled) -> dict[str, float]:
        profile = measure.profile(program.bench, self.machine.device, self.machine.threads, SETTINGS)
        by_node: dict[str, float] = defaultdict(float)
        for layer, time in zip(program.lowered.plan.layers, profile, strict=True):
            by_node[layer.nodes[0]] += time.least_ms
        return by_node


def search(subject: Subject, nodes: Nodes, settings: Tune, make: MakeStrategy, say: Progress) -> Tuned:
    """Rounds of measurements, then a confirmation against the schedules that the machine knew before."""
    with subject.with_schedules({}, {}) as base:
        strategies = _strategies(base.lowered, nodes, make, settings)
        best: dict[str, tuple[float, AnySchedule]] = {}
        rounds = 0
        with say.bar(settings.generations * settings.population, "programs") as bar:
            for _ in range(settings.generations):
                proposed = {key: strategy.propose() for key, strategy in strategies.items()}
                for i in range(max(map(len, proposed.values()), default=0)):
                    tried = {key: batch[i] for key, batch in proposed.items() if i < len(batch)}
                    times = subject.measured(nodes, {key: schedule for key, (_, schedule) in best.items()}, tried)
                    rounds += 1
                    for key, schedule in tried.items():
                        strategies[key].tell(schedule, times[key])
                        if times[key] < (best[key][0] if key in best else math.inf):
                            best[key] = (times[key], schedule)
                    bar.advance()
        winners = {key: schedule for key, (_, schedule) in best.items()}
        return _confirmed(subject, base, nodes, winners, settings.generations, rounds)


def tunable(lowered: Lowered) -> dict[str, tuple[str, ...]]:
    """The nodes of each key that leaves a choice."""
    nodes: dict[str, list[str]] = defaultdict(list)
    for node, choice in lowered.choices.items():
        if choice.space.size > 1:
            nodes[choice.key].append(node)
    return {key: tuple(names) for key, names in nodes.items()}


def _strategies(lowered: Lowered, nodes: Nodes, make: MakeStrategy, settings: Tune) -> dict[str, Strategy]:
    rng = np.random.default_rng(settings.seed)
    now = lowered.plan.schedules
    strategies = {}
    for key, (node, *_) in nodes.items():
        choice = lowered.choices[node]
        strategies[key] = make(choice.space, (now[node], *choice.estimated), settings.population, rng.spawn(1)[0])
    return strategies


def _confirmed(
    subject: Subject,
    base: Compiled,
    nodes: Nodes,
    winners: Mapping[str, AnySchedule],
    generations: int,
    rounds: int,
) -> Tuned:
    """A winner that is not faster gives way to what was there, and all do where what is left, which no program had by
    itself before, is no faster as a whole."""
    with subject.with_schedules(nodes, winners) as tuned:
        pairs = _in_turn(lambda: subject.times(base, nodes), lambda: subject.times(tuned, nodes))
    by_key = {key: [(before[key], after[key]) for before, after in pairs] for key in nodes}
    kept = {key: schedule for key, schedule in winners.items() if _faster(by_key[key], GAIN)}
    if kept:
        with subject.with_schedules(nodes, kept) as tuned:
            pairs_of_all = _in_turn(lambda: subject.total(base), lambda: subject.total(tuned))
        kept = kept if _faster(pairs_of_all, 1.0) else {}
    now = base.lowered.plan.schedules
    found = {}
    for key, names in nodes.items():
        before, after = (min(times) for times in zip(*by_key[key], strict=True))
        schedule, time = (kept[key], after) if key in kept else (now[names[0]], before)
        found[key] = Found(schedule=schedule, time_ms=time, default_ms=before, generations=generations)
    return Tuned(found, rounds)


def _in_turn(before: Callable[[], _T], after: Callable[[], _T]) -> list[tuple[_T, _T]]:
    """Both, round by round, each the first in every other one."""
    pairs = []
    for turn in range(CONFIRMING_ROUNDS):
        if turn % 2:
            late = after()
            pairs.append((before(), late))
        else:
            pairs.append((before(), after()))
    return pairs


def _faster(pairs: Sequence[tuple[float, float]], most: float) -> bool:
    """Whether what comes second takes at most a share of the first, in the least of its rounds and in most of them."""
    first, second = zip(*pairs, strict=True)
    return max(measure.paired_and_least(second, first)) <= most
