"""Gain of the genetic search over the default schedules, and against random search with as many measurements.

    python benchmarks/tuning.py [--networks resnet18,mobilenet_v2] [--threads 1] [--generations 4] [--population 8]
                                [--rounds 7] [--seed 0] [--remember] [--json FILE] [--check]

Both searches measure the same number of whole programs, one new schedule for every distinct kernel in each, and keep
what a confirmation against the defaults upholds. Then the programs, default, genetic and random, are timed interleaved
in fresh processes; a gain is a median over rounds with its 95 % bootstrap interval. A search that kept nothing has the
default program, which is timed once. What earlier builds tuned is not used. With ``--remember`` later builds use what
the genetic search finds. ``--check`` wants no network slower than its default, and the genetic search not behind the
random one on the geometric mean.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
from common import finish, parser

from npas import measure
from npas.compiler.indexed import Options
from npas.compiler.schedules.records import AnySchedule
from npas.compiler.schedules.space import Space
from npas.frontend.initialise import initialise
from npas.progress import Progress
from npas.spec.schema import CpuTarget, Tune
from npas.stages.program import Machine, compiled, lower_for
from npas.stages.tuning import Subject, Tuned, search, tunable
from npas.tuning.genetic import Genetic
from npas.tuning.known import Known
from npas.zoo import NetworkName, build

NETWORKS = "resnet18,mobilenet_v2"
_TRIES = 30


class Random:
    """The same number of schedules, all drawn blindly; the default alone is given."""

    def __init__(self, space: Space, seeds: Sequence[AnySchedule], population: int, rng: np.random.Generator) -> None:
        self.space, self.population, self.rng = space, population, rng
        self.proposed = set(seeds[:1])

    def propose(self) -> tuple[AnySchedule, ...]:
        generation: list[AnySchedule] = []
        for _ in range(_TRIES * self.population):
            made = self.space.random(self.rng)
            if made not in self.proposed and len(generation) < self.population:
                generation.append(made)
                self.proposed.add(made)
        return tuple(generation)

    def tell(self, schedule: AnySchedule, time_ms: float) -> None:
        """A random search learns nothing."""


def compare(name: NetworkName, given: argparse.Namespace) -> dict[str, Any]:
    """The figures of one network."""
    machine = replace(Machine.of(CpuTarget(type="cpu", threads=given.threads)), known={})
    network = initialise(build(name), np.random.default_rng(0))
    settings = Tune(generations=given.generations, population=given.population, seed=given.seed)
    subject = Subject(network, name, machine, Options())
    nodes = tunable(lower_for(network, name, machine)[1])
    tuned: dict[str, Tuned] = {}
    for strategy, make in (("genetic", Genetic), ("random", Random)):
        tuned[strategy] = search(subject, nodes, settings, make, Progress())
    if given.remember:
        Known(machine.device).add(tuned["genetic"].found)
    with ExitStack() as stack:
        programs = {"default": stack.enter_context(compiled(network, name, machine)).bench}
        of = {strategy: strategy if result.gained else "default" for strategy, result in tuned.items()}
        for strategy, result in tuned.items():
            if result.gained:
                known = {key: found.schedule for key, found in result.found.items()}
                programs[strategy] = stack.enter_context(compiled(network, name, replace(machine, known=known))).bench
        timing = replace(measure.FULL_SETTINGS, processes=given.rounds)
        report = measure.measure(programs, machine.device, machine.threads, timing)
    return {
        "network": name,
        "threads": given.threads,
        "kernels": len(nodes),
        "programs": {strategy: result.rounds for strategy, result in tuned.items()},
        "gained": {strategy: result.gained for strategy, result in tuned.items()},
        "ms": {s: report.latencies[program].median for s, program in {"default": "default", **of}.items()},
        **{strategy: vars(report.ratio("default", program)) for strategy, program in of.items()},
        "layers": {key: found.model_dump() for key, found in tuned["genetic"].found.items()},
    }


def show(row: dict[str, Any]) -> None:
    print(f"{row['network']}: {row['kernels']} distinct kernels, {row['programs']} programs measured")
    for strategy in ("genetic", "random"):
        low, high = row[strategy]["interval"]
        print(
            f"  {strategy:<8} {row['ms']['default']:8.3f} -> {row['ms'][strategy]:8.3f} ms  "
            f"{row[strategy]['median']:.3f}x [{low:.3f}, {high:.3f}], {row['gained'][strategy]} kernels gained"
        )


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--networks", default=NETWORKS)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--generations", type=int, default=4)
    options.add_argument("--population", type=int, default=8)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--remember", action="store_true", help="let later builds use what is found")
    given = options.parse_args()
    rows = []
    for name in given.networks.split(","):
        rows.append(compare(name, given))
        show(rows[-1])
    missed = [f"{row['network']} slower than its default" for row in rows if row["genetic"]["median"] < 1.0]
    means = {s: float(np.exp(np.mean([np.log(row[s]["median"]) for row in rows]))) for s in ("genetic", "random")}
    if means["genetic"] < means["random"]:
        missed.append("genetic behind random")
    shown = ", ".join(f"{row['network']} {row['genetic']['median']:.3f}x" for row in rows)
    headline = f"genetic tuning: {shown}; mean {means['genetic']:.3f}x, random search {means['random']:.3f}x"
    return finish(given, {"rows": rows, "means": means}, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
