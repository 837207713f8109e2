"""What pruning gains: sparse layers against our own dense direct kernels, networks against dense and sparse peers.

    python benchmarks/sparse.py --work DIR [--cases resnet18:5.3,...] [--engines mnn,...] [--threads 1] [--rounds 5]
                                [--schemes block_punched ...] [--json FILE] [--check]

All convolutions are pruned but the first and the depthwise ones (3x3 ones only by ``pattern``). VGG-16's fully
connected layers are pruned by ``block`` beside ``block_punched``, by ``unstructured`` beside itself, and once more not
at all, as beside ``pattern``. Weights are random: latency depends on the masks alone. Every program is proven against
ONNX Runtime before it is timed. Sparse peers get the same masks in an ONNX file; MNN's mode for blocks of filters only
those that have them. An engine that was asked for and is missing counts as a target missed. Layer times are the least
of the rounds' medians, of programs in which no pruned layer is computed together with a depthwise or pooling one;
ratios of networks are round by round. The share of the rate that layers gain is that of all multiply-accumulates saved:
those that the masks take, and those of channels that nobody reads any more.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rivals
from common import finish, parser
from peers import DENSE
from rivals import ENGINES, MissingError, Subject

from npas import measure, zoo
from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.schedules.records import DepthwiseSchedule, PoolSchedule
from npas.frontend.initialise import initialise
from npas.graph.graph import Graph, Network
from npas.ops import Conv2d, Linear
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Pruning
from npas.spec.schema import CpuTarget, SchemeName
from npas.stages import layers
from npas.stages.program import Machine, lower_for
from npas.targets.bench import RunnableProgram, Settings, run_bench

CASES = "vgg16:8.2,resnet18:5.3,mobilenet_v2:1.8,mobilenet_v2:5"
SPARSE = ("deepsparse", "mnn_sparse", "mnn_blocks")
LAYERS: Mapping[str, float] = {"block_punched": 0.85, "pattern": 0.5, "unstructured": 0.5}
"""Speed-up of the pruned layers over dense direct kernels, as a share of the multiply-accumulates saved."""
MORE_ROUNDS, LAYERS_S = 10, 300.0
"""For layers: so many times the rounds for networks, where they fit into so many seconds. A neighbour's bursts last for
minutes, so that all of a few rounds may fall into one."""
NETWORK: Mapping[tuple[str, float], float] = {
    ("vgg16", 8.2): 3.5,
    ("resnet18", 5.3): 3.5,
    ("mobilenet_v2", 1.8): 1.5,
    ("mobilenet_v2", 5.0): 2.2,
}
"""Speed-up of the whole network, by ``block_punched``, over the best dense peer."""
SAME_MASKS: Mapping[str, float] = {"vgg16": 1.7, "resnet18": 2.0}
"""Speed-up of the whole network over each sparse peer, large fully connected layers dense; elsewhere it is faster."""


@dataclass(frozen=True)
class Variant:
    """One way to prune a network: its name, scheme, and whether fully connected layers are pruned too."""

    name: str
    scheme: SchemeName
    heads: bool


def variants(graph: Graph) -> tuple[Variant, ...]:
    """Of a network: VGG-16's large fully connected layers count."""
    heads = sum(isinstance(node.op, Linear) for node in graph.nodes) > 1
    found = [Variant("block_punched", "block_punched", heads), Variant("unstructured", "unstructured", heads)]
    if heads:
        found += [Variant(f"{variant.name}, dense heads", variant.scheme, False) for variant in tuple(found)]
    if any(_takes(graph, node.name, "pattern") for node in graph.nodes):
        found.append(Variant("pattern", "pattern", False))
    return tuple(found)


def _takes(graph: Graph, name: str, scheme: SchemeName) -> bool:
    node = graph.node(name)
    first = next(other.name for other in graph.nodes if isinstance(other.op, Conv2d))
    if not isinstance(node.op, Conv2d) or node.op.groups > 1 or name == first:
        return False
    kind = kind_of(node, graph)
    return kind is not None and SCHEMES[scheme].applies(kind)


def prunings(graph: Graph, variant: Variant, rate: float) -> dict[str, Pruning]:
    made = {n.name: Pruning(variant.scheme, rate) for n in graph.nodes if _takes(graph, n.name, variant.scheme)}
    head: SchemeName = "block" if variant.scheme == "block_punched" else variant.scheme
    if variant.heads:
        made |= {n.name: Pruning(head, rate) for n in graph.nodes if isinstance(n.op, Linear)}
    return made


@dataclass(frozen=True)
class Build:
    """A program, the layers that count, and their multiply-accumulates, before and after."""

    subject: Subject
    program: RunnableProgram
    nodes: tuple[str, ...]
    """The root node of each layer of the plan."""
    macs: Mapping[str, float]
    """That the program computes, by node."""
    masked: Mapping[str, float]
    """That the masks keep, by node: what nobody reads is still among them."""


def build(stack: ExitStack, subject: Subject, options: Options, machine: Machine) -> Build:
    """Proves and compiles."""
    pruned = subject.network
    program = stack.enter_context(rivals.ours(subject, machine, options))
    plan = lower_for(pruned, subject.name, machine, options)[1].plan
    kept = {x.nodes[0]: x.macs * x.stored.kept_weights / x.stored.weights for x in plan.weights_layers}
    masked = {n: pruned.graph.macs(pruned.graph.node(n)) * _density(pruned, n) for n in options.prunings}
    return Build(subject, program, layers.roots_of(plan), kept, masked)


def _density(network: Network, node: str) -> float:
    weight = network.weights[f"{node}.weight"]
    return np.count_nonzero(weight) / weight.size


def apart(pruned: Network, options: Options, machine: Machine) -> Options:
    """The options, with every layer in a step of its own that would be computed with the one behind it."""
    alone = {
        node: schedule
        for node, choice in lower_for(pruned, "apart", machine, options)[1].choices.items()
        for schedule in choice.estimated
        if choice.partner and isinstance(schedule, DepthwiseSchedule | PoolSchedule) and schedule.rows == 0
    }
    return replace(options, schedules={**options.schedules, **alone})


def layer_times(builds: Mapping[str, Build], machine: Machine, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds by build and node: the kernel and what only prepares its input. Small networks, of which a profile
    takes a part of a second, are profiled in more rounds: some of them fall between a neighbour's bursts."""
    began, best, seen = time.perf_counter(), dict[str, dict[str, float]](), list[list[layers.Times]]()
    for done, times in enumerate(layers.rounds([(x.program, x.nodes) for x in builds.values()], machine), 1):
        seen.append(times)
        best = {name: dict(of_one.by_node) for name, of_one in zip(builds, layers.least(seen), strict=True)}
        sums = ", ".join(f"{name} {sum(by_node.values()):.2f} ms" for name, by_node in best.items())
        progress(f"layers, round {done}: {sums}")
        late = time.perf_counter() - began > LAYERS_S
        if done == MORE_ROUNDS * rounds or (done >= rounds and late):
            break
    return best


def network_times(
    builds: Mapping[str, Build], peers: Mapping[str, tuple[str, Subject, Path]], machine: Machine, rounds: int
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Medians of fresh processes, ms, in random order round by round; and the peers that fell out."""
    settings = Settings(processes=1, runs=15, min_s=1.0)
    times: dict[str, list[float]] = {name: [] for name in (*builds, *peers)}
    missing: dict[str, str] = {}
    for turn in range(rounds):
        order = [name for name in times if name not in missing]
        random.Random(turn).shuffle(order)
        for name in order:
            if name in builds:
                output = run_bench(builds[name].program, machine.device, machine.threads, settings)
                times[name].append(float(np.median(output.times_ms)))
                continue
            engine, subject, programs = peers[name]
            try:
                times[name].append(rivals.timed(engine, subject, programs, machine.threads, settings).ms)
            except MissingError as error:
                missing[name] = str(error)
        medians = {name: float(np.median(t)) for name, t in times.items() if name not in missing}
        progress(f"round {turn + 1} of {rounds}, ms: " + ", ".join(f"{k} {v:.2f}" for k, v in medians.items()))
    return {name: t for name, t in times.items() if name not in missing}, missing


def case(
    name: Literal["vgg16", "resnet18", "mobilenet_v2"], rate: float, environments: Mapping[str, Path], given: Any
) -> dict[str, Any]:
    """One network at one rate."""
    machine = Machine.of(CpuTarget(type="cpu", threads=given.threads))
    network = initialise(zoo.build(name), np.random.default_rng(0))
    graph, rows, missing = network.graph, [], dict[str, str]()
    with ExitStack() as stack:
        chosen = {v.name: (v, prunings(graph, v, rate)) for v in variants(graph) if v.scheme in given.schemes}
        options = {"dense": Options(), "direct": Options(direct=True)}
        options |= {key: Options(prunings=pruned) for key, (_, pruned) in chosen.items()}
        builds, steps = dict[str, Build](), dict[str, Build]()
        for key, own in options.items():
            label = f"{name}_{key}_{rate:g}".replace(", ", "_").replace(" ", "_").replace(".", "p")
            label = label if own.prunings else name
            progress(f"{name} at {rate:g}: {key}")
            subject = rivals.export(one_shot(network, own.prunings).network, label, given.work)
            builds[key] = build(stack, subject, own, machine)
            by_step = apart(subject.network, own, machine)
            steps[key] = builds[key] if by_step == own else build(stack, subject, by_step, machine)
        peers: dict[str, tuple[str, Subject, Path]] = {}
        for key, made in builds.items():
            scheme = chosen[key][0].scheme if key in chosen else None
            for engine in DENSE if key == "dense" else SPARSE if scheme else ():
                if engine not in environments or (engine == "mnn_blocks" and scheme != "block_punched"):
                    continue
                progress(f"{name} at {rate:g}: {key}, {engine}")
                try:
                    rivals.converted(engine, ENGINES[engine], made.subject, environments[engine], given.threads)
                    peers[f"{engine} ({key})"] = (engine, made.subject, environments[engine])
                except MissingError as error:
                    missing[f"{engine} ({key})"] = str(error)
        by_layer = layer_times(steps, machine, given.rounds)
        times, gone = network_times(builds, peers, machine, given.rounds)
        missing |= gone
    dense_peers = [key for key in times if key.endswith("(dense)")]
    best = min(dense_peers, key=lambda key: float(np.median(times[key]))) if dense_peers else None
    for key, (variant, pruned) in chosen.items():
        dense = sum(steps["direct"].macs[n] for n in pruned)
        saved, masked = (dense / sum(macs[n] for n in pruned) for macs in (steps[key].macs, steps[key].masked))
        took = [sum(by_layer[which][n] for n in pruned) for which in ("direct", key)]
        slower = [n for n in pruned if by_layer[key][n] > by_layer["direct"][n]]
        rows.append(
            {
                "variant": key,
                "scheme": variant.scheme,
                "dense_heads": not variant.heads,
                "macs_saved": saved,
                "macs_masked": masked,
                "layers_speed_up": took[0] / took[1],
                "layers_share": took[0] / took[1] / saved,
                "slower_than_direct": slower,
                "ms": float(np.median(times[key])),
                "over_own_dense": _ratio(times["dense"], times[key]),
                "over_best_peer": _ratio(times[best], times[key]) if best else None,
                "over_sparse_peers": {
                    peer: _ratio(times[peer], times[key]) for peer in times if peer.endswith(f"({key})")
                },
            }
        )
    medians = {key: float(np.median(t)) for key, t in times.items()}
    return {"network": name, "rate": rate, "best_peer": best, "ms": medians, "rows": rows, "missing": missing}


def progress(line: str) -> None:
    """On the error stream: a network may take twenty minutes, and a run that is cut off has shown what it saw."""
    print(line, file=sys.stderr, flush=True)


def _ratio(base: list[float], ours: list[float]) -> dict[str, Any]:
    ratios = [a / b for a, b in zip(base, ours, strict=True)]
    return {"median": float(np.median(ratios)), "interval": measure.bootstrap(ratios, 0)}


def misses(row: Mapping[str, Any], network: str, rate: float) -> list[str]:
    """The targets that a variant of a network misses."""
    wanted = SAME_MASKS.get(network, 1.0) if row["dense_heads"] else 1.0
    name, found = f"{network} {rate:g} {row['variant']}", []
    if row["layers_share"] < LAYERS[row["scheme"]]:
        found.append(f"{name}: layers {row['layers_share']:.2f} of the rate")
    target = NETWORK.get((network, rate))
    over = row["over_best_peer"]
    if row["variant"] == "block_punched" and target and over and over["median"] < target:
        found.append(f"{name}: network {over['median']:.2f}x")
    for peer, ratio in row["over_sparse_peers"].items():
        if ratio["median"] <= 1 or ratio["median"] < wanted:
            found.append(f"{name}: {ratio['median']:.2f}x over {peer}")
    return found


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--work", type=Path, required=True, help="environments and converted networks are kept here")
    options.add_argument("--cases", default=CASES, help="network:rate, separated by commas")
    options.add_argument("--engines", default=",".join((*DENSE, *SPARSE)))
    options.add_argument("--schemes", nargs="+", choices=list(LAYERS), default=list(LAYERS))
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    environments, absent = rivals.environments(given.engines.split(","), given.work)
    results, missed, shown = [], list[str](), []
    for text in given.cases.split(","):
        name, rate = text.split(":")
        result = case(name, float(rate), environments, given)
        results.append(result)
        print(f"{name} at {rate}, ms: " + ", ".join(f"{k} {v:.2f}" for k, v in result["ms"].items()), flush=True)
        for row in result["rows"]:
            over = row["over_best_peer"]
            peer = f", {over['median']:.2f}x over {result['best_peer']}" if over else ""
            print(
                f"  {row['variant']:<28} {row['ms']:8.2f} ms; layers {row['layers_speed_up']:.2f}x "
                f"({row['layers_share']:.2f} of {row['macs_saved']:.2f}x, masks {row['macs_masked']:.2f}x){peer}",
                flush=True,
            )
            for sparse_peer, ratio in row["over_sparse_peers"].items():
                print(f"  {'':<28} {ratio['median']:.2f}x over {sparse_peer}", flush=True)
            if row["slower_than_direct"]:
                print(f"  {'':<28} slower than direct: {', '.join(row['slower_than_direct'])}", flush=True)
            missed += misses(row, name, float(rate))
        shown += [
            f"{name} {rate} {row['variant']}: {row['ms']:.2f} ms, layers {row['layers_share']:.2f} of the rate"
            for row in result["rows"]
        ]
        absent |= {f"{k} ({name} {rate})": why for k, why in result["missing"].items()}
    for name, why in absent.items():
        print(f"{name}: missing: {why}")
    missed += [f"{name} is missing" for name in absent]
    result = {"threads": given.threads, "cases": results, "missing": absent}
    return finish(given, result, "; ".join(shown), missed)


if __name__ == "__main__":
    sys.exit(main())
