"""Channels as atoms: which of them operators tie together, and a network with some of them, in another order.

| symbol  | meaning                                                                        | shape |
| ------- | ------------------------------------------------------------------------------ | ----- |
| atom    | one channel of one value, numbered through the whole graph                     | int |
| tie     | two atoms that can only go, or move, together                                  | pair |
| order   | of a value: the channels that stay, in their new order                         | [C'] |

Element-wise operators, batch-norm, pooling, depthwise convolutions, adds and multiplications tie the channels of
their inputs to those of their result; concat and flatten tie ranges of them. Dense convolutions and fully
connected layers tie nothing: they read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from npas.compiler.passes.constants import Constants, column_sums
from npas.compiler.passes.rewire import channels_of, rebuild
from npas.graph.graph import Array, Graph, Network, Node
from npas.ops import (
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    GlobalAvgPool,
    Input,
    Linear,
    MaxPool,
    Mul,
)

Atoms = NDArray[np.int64]
Ties = list[tuple[Atoms, Atoms]]
Order = NDArray[np.int64]


def number(graph: Graph) -> dict[str, Atoms]:
    """The atoms of every value, in order."""
    atoms, start = {}, 0
    for node in graph.nodes:
        channels = channels_of(graph.shapes[node.name])
        atoms[node.name] = np.arange(start, start + channels)
        start += channels
    return atoms


def reads(graph: Graph, node: Node) -> bool:
    """A layer whose input and output channels are free of each other."""
    match node.op:
        case Conv2d():
            return node.op.groups == 1
        case Linear():
            return len(graph.shapes[node.name]) == 2
        case _:
            return False


def _depthwise(graph: Graph, node: Node) -> bool:
    """One input channel per group, and any number of filters on it."""
    return isinstance(node.op, Conv2d) and 1 < node.op.groups == graph.shapes[node.inputs[0]][1]


def ties(graph: Graph, node: Node, atoms: Mapping[str, Atoms]) -> Ties | None:
    """Pairs of atoms that must go together; None where the operator ties nothing (or is not understood)."""
    out = atoms[node.name]
    ins = [atoms[name] for name in node.inputs]
    shapes = graph.input_shapes(node)
    match node.op:
        case Conv2d() if _depthwise(graph, node):
            return [(np.repeat(ins[0], len(out) // len(ins[0])), out)]
        case Flatten():
            return [(np.repeat(ins[0], len(out) // len(ins[0])), out)]
        case Elementwise() | BatchNorm() | Dropout() | MaxPool() | AvgPool() | GlobalAvgPool():
            return [(ins[0], out)]
        case Concat() if node.op.axis % len(shapes[0]) == 1:
            return [(np.concatenate(ins), out)]
        case Concat():
            return [(i, out) for i in ins]
        case Add() | Mul() if len(shapes[0]) == len(shapes[1]) and len(ins[0]) == len(ins[1]):
            return [(i, out) for i in ins]
        case _:
            return None


def select(network: Network, order: Mapping[str, Order], constants: Mapping[str, Constants] | None = None) -> Network:
    """The network with these channels of every value, in this order; tied values must have been chosen alike.

    Where a reader loses a channel, its constant goes into the reader's bias (``constants`` of each value, see
    ``constants.py``); one without a constant must have no weights there.
    """
    graph = network.graph
    weights = dict(network.weights)
    nodes = []
    for node in graph.nodes:
        op = node.op
        out = order[node.name]
        if isinstance(op, Conv2d | Linear) and reads(graph, node):
            source = order[node.inputs[0]]
            lost = np.ones(channels_of(graph.shapes[node.inputs[0]]), bool)
            lost[source] = False
            added = (
                _constant_part(weights[f"{node.name}.weight"], lost, constants[node.inputs[0]]) if constants else 0.0
            )
            node = _select_layer(node, op, weights, out, source, added)
        elif isinstance(op, Conv2d) and _depthwise(graph, node):
            _select_rows(node, network, weights, out)
            node = replace(node, op=op.model_copy(update={"filters": len(out), "groups": len(order[node.inputs[0]])}))
        elif isinstance(op, BatchNorm):
            _select_rows(node, network, weights, out)
        else:
            whole = np.arange(channels_of(graph.shapes[node.name]))
            assert isinstance(op, Input) or not network.params(node) or np.array_equal(out, whole)
        nodes.append(node)
    return rebuild(graph, nodes, weights)


def _select_rows(node: Node, network: Network, weights: dict[str, Array], out: Order) -> None:
    for role, array in network.params(node).items():
        weights[f"{node.name}.{role}"] = _taken(array, out, 0)


def _taken(array: Array, order: Order, axis: int) -> Array:
    """Itself, where it keeps everything in its place: most layers of a network do."""
    if np.array_equal(order, np.arange(array.shape[axis])):
        return array
    return np.take(array, order, axis)


def _constant_part(weight: Array, lost: NDArray[np.bool_], k: Constants) -> Array | float:
    """What the lost channels add to every pixel of a filter's output, [F]."""
    taken = lost & ~np.isnan(k) & (k != 0)
    added: Array = column_sums(weight, taken) @ k[taken]
    return added


def _select_layer(
    node: Node, op: Conv2d | Linear, weights: dict[str, Array], out: Order, source: Order, added: Array | float
) -> Node:
    """Filters and input channels of a layer, with ``added`` in its bias."""
    weight = weights[f"{node.name}.weight"]
    bias = weights[f"{node.name}.bias"].astype(np.float64) if op.bias else np.zeros(len(weight))
    needs_bias = op.bias or bool(np.any(added))
    weights[f"{node.name}.weight"] = _taken(_taken(weight, out, 0), source, 1)
    if needs_bias:
        weights[f"{node.name}.bias"] = (bias + added)[out].astype(weight.dtype)
    return replace(node, op=op.model_copy(update={"filters": len(out), "bias": needs_bias}))
