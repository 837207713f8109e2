"""Filters that can only go together: those whose results meet in a residual add.

A channel of an add is gone only if it is gone on every side. Layers pruned by filters one by one would hardly ever
agree, and the network would keep its width; ranked together they do, and it physically shrinks.

| symbol | meaning                                                           | shape |
| ------ | ----------------------------------------------------------------- | ----- |
| n_l    | L2 norm of each filter of layer l (or of what is ranked for it)   | [F] |
| n      | sum over the group's layers of n_l / mean(n_l): the joint ranking | [F] |
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from npas.graph.graph import Array, Graph, Node
from npas.ops import Add, AvgPool, BatchNorm, Conv2d, Dropout, Elementwise, GlobalAvgPool, MaxPool, Mul
from npas.search.candidate import Pruning


def joint_scores(graph: Graph, prunings: Mapping[str, Pruning], scores: Mapping[str, Array]) -> dict[str, Array]:
    """``scores`` (node name -> array of its weight's shape) with one ranking for all layers of a group.

    Rates stay each layer's own: with one ranking, what the higher rate keeps is part of what the lower one keeps.
    """
    joint = dict(scores)
    for group in groups(graph, prunings):
        norms = [
            np.sqrt(np.square(scores[name].reshape(len(scores[name]), -1), dtype=np.float64).sum(1)) for name in group
        ]
        total = np.sum([norm / max(float(norm.mean()), np.finfo(np.float64).tiny) for norm in norms], axis=0)
        for name in group:
            # Equal entries per filter, over the root of their number: each row's L2 norm is its rank value.
            shape = scores[name].shape
            rows = total.reshape(-1, *(1,) * (len(shape) - 1)) / np.sqrt(np.prod(shape[1:]))
            joint[name] = np.broadcast_to(rows, shape).astype(np.float32)
    return joint


def groups(graph: Graph, prunings: Mapping[str, Pruning]) -> tuple[tuple[str, ...], ...]:
    """Layers that decide together, two or more each, in the graph's order.

    Only where every layer that writes into the shared channels is pruned by filters, and no graph output shows
    them; otherwise the channels stay whatever is agreed, and each layer is better off with its own ranking.
    """
    stream: dict[str, str] = {}
    sources: dict[str, list[str]] = {}
    for node in graph.nodes:
        tied = sorted({stream[name] for name in _tied(graph, node)}, key=list(sources).index)
        stream[node.name] = tied[0] if tied else node.name
        if not tied:
            sources[node.name] = [node.name]
        for other in tied[1:]:
            sources[tied[0]] += sources.pop(other)
            stream.update({name: tied[0] for name, at in stream.items() if at == other})
    shown = {stream[name] for name in graph.outputs}
    order = {node.name: at for at, node in enumerate(graph.nodes)}
    return tuple(
        tuple(sorted(members, key=lambda name: order[name]))
        for name, members in sources.items()
        if len(members) > 1 and name not in shown and all(_by_filter(prunings, member) for member in members)
    )


def _by_filter(prunings: Mapping[str, Pruning], name: str) -> bool:
    return name in prunings and prunings[name].scheme == "filter" and prunings[name].rate != 1


def _tied(graph: Graph, node: Node) -> tuple[str, ...]:
    """Inputs whose channels are the node's own channels, one to one."""
    shapes = graph.input_shapes(node)
    match node.op:
        case Elementwise() | BatchNorm() | Dropout() | MaxPool() | AvgPool() | GlobalAvgPool():
            return node.inputs
        case Conv2d() if node.op.is_depthwise(shapes[0][1]):
            return node.inputs
        case Add() if len(shapes[0]) == len(shapes[1]) and shapes[0][1] == shapes[1][1]:
            return node.inputs
        case Mul():
            # A gate [N, C, 1, 1] does not decide: a channel that is zero stays zero under any gate.
            out = graph.shapes[node.name]
            return tuple(name for name, shape in zip(node.inputs, shapes, strict=True) if shape == out)[:1]
        case _:
            return ()
