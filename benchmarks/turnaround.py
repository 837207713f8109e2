"""How long a search waits for a candidate's program: from its plan to the linked binary, by part.

    python benchmarks/turnaround.py [--networks a,b] [--after 8,32] [--candidates 5] [--threads 1] [--json FILE]
                                    [--check]

Candidates are drawn at random from the whole search space of a network, with filter types, schemes and rates, and take
the road that a search takes (``npas.stages.program.compiled``), whose parts are timed as they are called. The object
cache is a folder of its own: empty before the first candidate (cold), then warmed by ``--after`` others. After a few,
candidates still bring kernels of their own; a search of hundreds is mostly as it is after many. ``--check`` wants less
than a second after each. Weights are random; fitting and training are no part of this.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

import numpy as np
from common import finish, parser

from npas import zoo
from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered
from npas.frontend.initialise import initialise
from npas.graph.graph import Graph, Network
from npas.rewrite import filter_types
from npas.rewrite.friendly import friendly
from npas.search.candidate import Candidate
from npas.search.space import SearchSpace
from npas.spec.schema import CpuTarget, Search
from npas.stages import program
from npas.stages.program import Machine, compiled
from npas.targets import toolchain

MOST_WARM_S = 1.0
PARTS: tuple[tuple[str, object, str], ...] = (
    ("lower", program, "lower_for"),
    ("emit", program, "emit"),
    ("weights", Lowered, "weights"),
    ("write", program, "write_scratch"),
    ("compile and link", program, "compile_program"),
    ("compile", toolchain, "_each"),
)
"""What the road calls, and where it finds it. Linking is what compiling leaves of both."""
P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def watched(seconds: dict[str, float]) -> Iterator[None]:
    """Adds up how long each part takes inside the block."""

    def timed(part: str, function: Callable[P, R]) -> Callable[P, R]:
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            began = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[part] = seconds.get(part, 0.0) + time.perf_counter() - began

        return call

    with ExitStack() as stack:
        for part, owner, name in PARTS:
            stack.enter_context(patch.object(owner, name, timed(part, getattr(owner, name))))
        yield


def pruned(graph: Graph, candidate: Candidate, rng: np.random.Generator) -> tuple[Network, Options]:
    changed, prunings = filter_types.apply_graph(graph, candidate)
    return one_shot(initialise(changed, rng), prunings).network, Options(prunings=prunings)


def turnaround(network: Network, options: Options, name: str, machine: Machine) -> dict[str, float]:
    """Seconds by part, and in all, of one candidate."""
    seconds: dict[str, float] = {}
    objects = _objects()
    began = time.perf_counter()
    with watched(seconds), compiled(network, name, machine, options):
        total = time.perf_counter() - began
    link = seconds["compile and link"] - seconds["compile"]
    parts = {part: seconds[part] for part, _, _ in PARTS if part != "compile and link"}
    return {**parts, "link": link, "all": total, "compiled": float(_objects() - objects)}


def _objects() -> int:
    return sum(len(files) for _, _, files in os.walk(os.environ["NPAS_CACHE"]))


def cell(name: str, machine: Machine, after: list[int], count: int) -> dict[str, Any]:
    """One network, in an object cache of its own: its first candidate, and medians of ``count`` after so many."""
    graph = replace(friendly(zoo.build(name))[0], name=name)  # type: ignore[arg-type]
    space, rng = SearchSpace.of(graph, Search()), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as cache, patch.dict(os.environ, {"NPAS_CACHE": cache}):
        runs = [turnaround(*pruned(graph, space.random(rng), rng), name, machine) for _ in range(max(after) + count)]
    cold = runs[0]
    later = {n: {part: float(np.median([run[part] for run in runs[n : n + count]])) for part in cold} for n in after}
    return {"network": name, "cold": cold, "after": later, "runs": runs}


def show(name: str, state: str, run: dict[str, float]) -> None:
    parts = ", ".join(f"{part} {s:.2f}" for part, s in run.items() if part not in ("all", "compiled"))
    print(f"{name:<14} {state:<8} {run['all']:6.2f} s: {parts}; {run['compiled']:.0f} files made", flush=True)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--networks", default="resnet18,mobilenet_v2")
    options.add_argument("--after", default="8,32")
    options.add_argument("--candidates", type=int, default=5)
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    machine = Machine.of(CpuTarget(type="cpu", threads=given.threads))
    after = sorted(map(int, given.after.split(",")))
    cells = []
    for name in given.networks.split(","):
        row = cell(name, machine, after, given.candidates)
        show(name, "cold", row["cold"])
        for n in after:
            show(name, f"after {n}", row["after"][n])
        cells.append(row)
    missed = [f"{row['network']} after {n}" for row in cells for n in after if row["after"][n]["all"] >= MOST_WARM_S]
    headline = "from plan to binary: " + ", ".join(
        f"{row['network']} {row['cold']['all']:.1f} s cold"
        + "".join(f", {row['after'][n]['all']:.2f} s after {n}" for n in after)
        for row in cells
    )
    return finish(given, {"cells": cells}, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
