"""A search problem with a known answer: accuracy and latency as functions of the candidate, in microseconds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from npas.graph.graph import Graph, Node
from npas.ops import Add, BatchNorm, Conv2d, GlobalAvgPool, Input, Linear, Relu
from npas.search.candidate import Candidate, Choice
from npas.search.space import UNPRUNED, SearchSpace, Site
from npas.search.trial import Evaluation
from npas.spec.schema import SchemeName

RATES = (2.0, 3.0, 5.0, 10.0)
DAMAGE = {"unstructured": 0.4, "pattern": 0.5, "block_punched": 0.7, "block": 0.7, "filter": 1.4}
OVERHEAD = {"unstructured": 2.0, "pattern": 1.3, "block_punched": 1.05, "block": 1.05, "filter": 1.0}
TYPE_DAMAGE = {"1x1": 0.5, "3x3dw_1x1": 0.3, "skip": 1.0}
TYPE_WORK = {"1x1": 0.12, "3x3dw_1x1": 0.2, "skip": 0.0}


def small_graph(widths: Sequence[int] = (16, 16, 32, 32, 64, 64, 64, 64)) -> Graph:
    """Convolutions with batch-norm and ReLU, a residual add around every second one, a classifier."""
    nodes = [Node("input", Input(shape=(1, 3, 16, 16)))]
    channels = 3
    for i, width in enumerate(widths):
        stride = 2 if width != channels and i else 1
        before = nodes[-1].name
        conv = Conv2d(filters=width, kernel=(3, 3), stride=(stride, stride), pads=(1, 1, 1, 1))
        nodes += [
            Node(f"conv{i}", conv, (before,)),
            Node(f"norm{i}", BatchNorm(), (f"conv{i}",)),
            Node(f"relu{i}", Relu(), (f"norm{i}",)),
        ]
        if width == channels:
            nodes.append(Node(f"add{i}", Add(), (f"relu{i}", before)))
        channels = width
    nodes += [Node("pool", GlobalAvgPool(), (nodes[-1].name,)), Node("fc", Linear(filters=10), ("pool",))]
    return Graph("small", tuple(nodes), ("fc",))


def pruned(filter_type: str, schemes: Sequence[SchemeName]) -> tuple[Choice, ...]:
    return (
        Choice(filter_type, UNPRUNED, 1.0),
        *(Choice(filter_type, scheme, rate) for scheme in schemes for rate in RATES),
    )


def small_space(graph: Graph | None = None) -> SearchSpace:
    """As ``SearchSpace.of`` would make it, without the rewriter: own 3x3s, two replacements, ``skip`` where it fits."""
    graph = graph or small_graph()
    sites = []
    for node in graph.nodes:
        if isinstance(node.op, Conv2d):
            choices = pruned("3x3", ("unstructured", "filter", "pattern", "block_punched"))
            choices += pruned("1x1", ("filter", "block_punched")) + pruned("3x3dw_1x1", ("filter", "block_punched"))
            if graph.shapes[node.name] == graph.input_shapes(node)[0]:
                choices += (Choice("skip", UNPRUNED, 1.0),)
            sites.append(Site(node.name, "3x3", choices))
        elif isinstance(node.op, Linear):
            sites.append(Site(node.name, "fc", pruned("fc", ("unstructured", "block"))))
    return SearchSpace(graph, tuple(sites))


def evaluate(space: SearchSpace, candidate: Candidate) -> Evaluation:
    """Accuracy falls with the damage of every choice, more than linearly in their sum; latency is overhead + work."""
    damage, latency_ms = 0.0, 0.1
    for i, site in enumerate(space.sites):
        choice = candidate.choices[site.node]
        sensitivity = 2.0 / (1 + i) + 0.2 * math.sin(7 * i) ** 2
        damage += sensitivity * TYPE_DAMAGE.get(choice.filter_type, 0.0)
        work = space.graph.macs(space.graph.node(site.node)) / space.graph.total_macs
        work *= TYPE_WORK.get(choice.filter_type, 1.0)
        if choice.rate > 1:
            damage += sensitivity * DAMAGE[choice.scheme] * 0.25 * math.log(choice.rate)
            work *= OVERHEAD[choice.scheme] / choice.rate
        latency_ms += work
    return Evaluation(0.1 + 0.88 * math.exp(-0.35 * damage**1.3), latency_ms)
