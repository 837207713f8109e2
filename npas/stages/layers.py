"""Per layer: what pruning gained, measured; a layer that gained nothing is built dense, with the reason."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

from npas import measure
from npas.compiler.indexed import Options
from npas.compiler.plan import PairLayer, Plan, WeightsLayer
from npas.graph.graph import Network
from npas.measure import LayerTime, Settings
from npas.stages.program import Compiled, Machine, compiled
from npas.targets.bench import RunnableProgram

ROUNDS = 5
"""Profiles per program, in turn."""
MOST_ROUNDS, MOST_S = 30, 40.0
"""Likewise where layers are close to the share that decides, as long as all took no more than these seconds."""
PROFILE = Settings(processes=1, warmup_runs=3, warmup_s=0.05, runs=10, min_s=0.05)
"""Noise comes in bursts of seconds: of many short profiles some find a quiet moment, and neighbours the same one."""
GAIN = 0.95
"""A sparse layer must take at most this share of its dense time."""
CLOSE = 0.08
"""Shares as near to that one may be on the wrong side of it by noise."""
PASSES = 3
"""Times that a network is measured for layers that lose."""


@dataclass(frozen=True)
class Times:
    """Milliseconds by root node: the layer's kernel and whatever only prepares its input. A depthwise or
    pooling layer computed together with the one before counts there."""

    by_node: Mapping[str, float]

    def of_nodes(self, nodes: Sequence[str]) -> float:
        """Of all of them; a layer that was computed with another has its time there."""
        return sum(self.by_node.get(node, 0.0) for node in nodes)

    @staticmethod
    def of(roots: Sequence[str], times: Sequence[LayerTime]) -> Times:
        found: dict[str, float] = defaultdict(float)
        for root, seen in zip(roots, times, strict=True):
            found[root] += seen.median_ms
        return Times(dict(found))


@dataclass(frozen=True)
class Comparison:
    """A sparse layer's times beside its dense one's, ms, round by round; of both layers where one is computed together
    with another."""

    format: str
    sparse: tuple[float, ...]
    dense: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the rounds' ratios of sparse to dense time."""
        return measure.paired_and_least(self.sparse, self.dense)[0]

    @property
    def share(self) -> float:
        """Of the dense time that the sparse layer takes, by the less favourable of two measures: the rounds' median
        ratio, whose times were measured one right after the other, and the ratio of least times."""
        return max(measure.paired_and_least(self.sparse, self.dense))

    @property
    def clear(self) -> bool:
        """Whether both measures are far from the share that decides, and on one side of it."""
        both = measure.paired_and_least(self.sparse, self.dense)
        return max(both) < GAIN - CLOSE or min(both) > GAIN + CLOSE

    @property
    def reason(self) -> str:
        """Why the layer is built dense."""
        if math.isinf(self.share):
            return f"{self.format} gained nothing: the dense kernel is too short to be timed"
        return f"{self.format} took {self.share:.3f} of the dense kernel's {min(self.dense):.4f} ms, more than {GAIN}"


def rounds(programs: Sequence[tuple[RunnableProgram, Sequence[str]]], machine: Machine) -> Iterator[list[Times]]:
    """Layer times of each program, measured in turn, round by round, every other round from the last to the first. A
    program comes with the root node of each of its layers."""
    for step in cycle((1, -1)):
        yield [
            Times.of(roots, measure.profile(program, machine.device, machine.threads, PROFILE))
            for program, roots in programs[::step]
        ][::step]


def least(seen: Sequence[Sequence[Times]]) -> list[Times]:
    """Each program's least times of these rounds, by node: noise only adds time."""
    return [
        Times({node: min(times.by_node[node] for times in of_one) for node in of_one[0].by_node})
        for of_one in zip(*seen, strict=True)
    ]


def profiles(programs: Sequence[Compiled], machine: Machine) -> list[Times]:
    """Least layer times of each program in ``ROUNDS``."""
    return least(list(islice(rounds([(x.bench, roots_of(x.lowered.plan)) for x in programs], machine), ROUNDS)))


def roots_of(plan: Plan) -> tuple[str, ...]:
    """The root node of each layer."""
    return tuple(layer.nodes[0] for layer in plan.layers)


def all_dense(options: Options) -> Options:
    """The options, with every pruned layer built dense."""
    return replace(options, dense=dict.fromkeys(options.prunings, "measured beside it"))


def without_losers(pruned: Network, options: Options, name: str, machine: Machine) -> Options:
    """The options with every layer built dense whose sparse kernel gains nothing over its dense one here.

    Beside layers that have become dense values may lie otherwise, so that those left sparse are measured again, until
    none of them loses, in at most ``PASSES`` passes.
    """
    if not options.prunings:
        return options
    with compiled(pruned, name, machine, all_dense(options)) as dense:
        for _ in range(PASSES):
            losers = _losers(pruned, options, name, machine, dense)
            if not losers:
                break
            options = replace(options, dense={**options.dense, **losers})
    return options


def _losers(pruned: Network, options: Options, name: str, machine: Machine, dense: Compiled) -> dict[str, str]:
    """Layers that are sparse in the program of these options and gain nothing over ``dense``, with the reason."""
    with compiled(pruned, name, machine, options) as sparse:
        times = compared(sparse, dense, machine)
    return {node: x.reason for node, x in times.items() if x.share > GAIN}


def compared(sparse: Compiled, dense: Compiled, machine: Machine) -> dict[str, Comparison]:
    """Each layer with a sparse kernel beside the same layer of a program in which it is dense, measured in turn, for
    ``ROUNDS`` rounds and, while one of them is not clear, on."""
    together = {**_together(sparse.lowered.plan), **_together(dense.lowered.plan)}
    layers = [layer for layer in sparse.lowered.plan.weights_layers if layer.stored.format != "dense"]
    if not layers:
        return {}
    programs = [(x.bench, roots_of(x.lowered.plan)) for x in (sparse, dense)]
    found = {layer.nodes[0]: Comparison(layer.stored.format, (), ()) for layer in layers}
    began = time.monotonic()
    for done, (of_sparse, of_dense) in enumerate(islice(rounds(programs, machine), MOST_ROUNDS), 1):
        for node, before in found.items():
            nodes = together.get(node, (node,))
            sparse_ms, dense_ms = of_sparse.of_nodes(nodes), of_dense.of_nodes(nodes)
            found[node] = Comparison(before.format, (*before.sparse, sparse_ms), (*before.dense, dense_ms))
        clear = all(x.clear for x in found.values())
        if done >= ROUNDS and (clear or time.monotonic() - began > MOST_S):
            break
    return found


def _together(plan: Plan) -> dict[str, tuple[str, str]]:
    """Root nodes that run as one layer, by each of them; where only one program runs them so, both compare the pair."""
    pairs = [(x.first.nodes[0], x.second.nodes[0]) for x in plan.layers if isinstance(x, PairLayer)]
    return {node: pair for pair in pairs for node in pair}


def table(plan: Plan, times: Times, dense: Times) -> dict[str, Any]:
    """``profile.json``: a row per layer; ``dense`` has the times of the same network unpruned, by node."""
    total = sum(times.by_node.values())
    rows = [_row(plan, layer, times, dense, total) for layer in plan.weights_layers]
    named = {row["name"] for row in rows}
    for layer in plan.layers:
        node = layer.nodes[0]
        if node in named:
            continue
        named.add(node)
        rows.append(
            {
                "name": node,
                "op": layer.kind,
                "shape": "",
                "scheme": "",
                "rate": 1.0,
                "format": "",
                "kernel": getattr(layer, "kernel", ""),
                "time_ms": times.by_node[node],
                "dense_time_ms": dense.by_node.get(node),
                "share": times.by_node[node] / total,
                "weights_bytes": 0,
                "built_dense_because": None,
            }
        )
    return {"layers": rows, "total_ms": total}


def _row(plan: Plan, layer: WeightsLayer, times: Times, dense: Times, total: float) -> dict[str, Any]:
    node, pruned = layer.nodes[0], layer.stored.pruned
    layout = plan.values[layer.output].layout
    return {
        "name": node,
        "op": layer.kind,
        "shape": f"{layout.channels}x{layout.height}x{layout.width}",
        "scheme": pruned.scheme if pruned else "dense",
        "rate": pruned.rate if pruned else 1.0,
        "format": layer.stored.format,
        "kernel": layer.kernel,
        "time_ms": times.by_node.get(node, 0.0),
        "dense_time_ms": dense.by_node.get(node),
        "share": times.by_node.get(node, 0.0) / total,
        "weights_bytes": layer.stored.bytes,
        "built_dense_because": pruned.built_dense_because if pruned else None,
    }
