"""Physically removes channels that carry nothing, together with whatever computes them.

| symbol  | meaning                                                                        | shape |
| ------- | ------------------------------------------------------------------------------ | ----- |
| atom    | one channel of one value, numbered through the whole graph                     | int |
| class   | atoms that can only go together, since an operator ties them                   | set of atoms |
| k       | constant of each channel, NaN where it varies (``constants.py``)               | [C] |
| pinned  | the atom must stay: a graph input or output, or an operator we do not reshape  | [atoms] bool |
| blocked | a convolution or fully connected layer reads the atom and cannot do without it | [atoms] bool |

Element-wise operators, batch-norm, pooling, depthwise convolutions, adds and multiplications tie the channels of
their inputs to those of their result; concat and flatten tie ranges of them. Dense convolutions and fully
connected layers tie nothing: they read. A reader can do without a channel for which all its weights are zero,
or whose constant it can take into its bias exactly. A class with no atom pinned or blocked goes. That is
liveness in both directions at once: filters of zeros go because what follows reads a constant, and filters
that nobody reads go because the readers' columns are zero. Each round can empty more columns, so it repeats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from npas.compiler.passes.constants import Constants, absorbable, channel_constants, column_sums
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

Keep = NDArray[np.bool_]
Atoms = NDArray[np.int64]
Ties = list[tuple[Atoms, Atoms]]


def run(network: Network) -> Network:
    """The same function, up to rounding and for finite values, with as few channels as liveness allows.

    Every value keeps at least one channel; graph inputs and outputs keep all; names and node order stay.
    """
    while True:
        constants = channel_constants(network)
        keep = _kept(network, constants)
        if all(channels.all() for channels in keep.values()):
            return network
        network = _shrink(network, keep, constants)


def _kept(network: Network, constants: Mapping[str, Constants]) -> dict[str, Keep]:
    """Per value, which channels stay."""
    graph = network.graph
    atoms = _number(graph)
    total = sum(len(ids) for ids in atoms.values())
    ties: Ties = []
    stay = np.zeros(total, bool)
    for name in graph.outputs:
        stay[atoms[name]] = True
    for node in graph.nodes:
        tied = _ties(graph, node, atoms)
        if tied is not None:
            ties += tied
        elif _reads(graph, node):
            stay[atoms[node.inputs[0]][_blocked(network, node, constants[node.inputs[0]])]] = True
        else:
            for name in (node.name, *node.inputs):
                stay[atoms[name]] = True
    classes = _classes(ties, total)
    alive = np.zeros(total, bool)
    np.logical_or.at(alive, classes, stay)
    for ids in atoms.values():
        if not alive[classes[ids]].any():
            alive[classes[ids[0]]] = True
    return {name: alive[classes[ids]] for name, ids in atoms.items()}


def _number(graph: Graph) -> dict[str, Atoms]:
    atoms, start = {}, 0
    for node in graph.nodes:
        channels = channels_of(graph.shapes[node.name])
        atoms[node.name] = np.arange(start, start + channels)
        start += channels
    return atoms


def _classes(ties: Ties, total: int) -> Atoms:
    """The class of each atom: connected components of the ties."""
    left = np.concatenate([a for a, _ in ties]) if ties else np.zeros(0, np.int64)
    right = np.concatenate([b for _, b in ties]) if ties else np.zeros(0, np.int64)
    edges = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(total, total))
    labels: Atoms = connected_components(edges, directed=False)[1].astype(np.int64)
    return labels


def _reads(graph: Graph, node: Node) -> bool:
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


def _ties(graph: Graph, node: Node, atoms: Mapping[str, Atoms]) -> Ties | None:
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


def _blocked(network: Network, node: Node, k: Constants) -> Keep:
    """Input channels that the layer cannot do without."""
    assert isinstance(node.op, Conv2d | Linear)
    weight = network.weights[f"{node.name}.weight"]
    has_weight: Keep = np.asarray(weight.any(axis=(0, *range(2, weight.ndim))))
    return has_weight & ~absorbable(node.op, k)


def _shrink(network: Network, keep: Mapping[str, Keep], constants: Mapping[str, Constants]) -> Network:
    graph = network.graph
    weights = dict(network.weights)
    nodes = []
    for node in graph.nodes:
        op = node.op
        out = keep[node.name]
        if isinstance(op, Conv2d | Linear) and _reads(graph, node):
            source = node.inputs[0]
            node = _shrink_layer(node, op, weights, out, keep[source], constants[source])
        elif isinstance(op, Conv2d) and _depthwise(graph, node):
            groups = int(keep[node.inputs[0]].sum())
            _select(node, network, weights, out)
            node = replace(node, op=op.model_copy(update={"filters": int(out.sum()), "groups": groups}))
        elif isinstance(op, BatchNorm):
            _select(node, network, weights, out)
        else:
            assert isinstance(op, Input) or not network.params(node) or out.all()
        nodes.append(node)
    return rebuild(graph, nodes, weights)


def _select(node: Node, network: Network, weights: dict[str, Array], out: Keep) -> None:
    for role, array in network.params(node).items():
        weights[f"{node.name}.{role}"] = np.ascontiguousarray(array[out])


def _shrink_layer(
    node: Node, op: Conv2d | Linear, weights: dict[str, Array], out: Keep, source: Keep, k: Constants
) -> Node:
    """Drops filters and input channels; constants of dropped inputs go into the bias."""
    weight = weights[f"{node.name}.weight"]
    bias = weights[f"{node.name}.bias"].astype(np.float64) if op.bias else np.zeros(len(weight))
    # A dropped channel without a constant has no weights here, so it adds nothing.
    taken = ~source & ~np.isnan(k) & (k != 0)
    added = column_sums(weight, taken) @ k[taken]
    needs_bias = op.bias or bool(added.any())
    weights[f"{node.name}.weight"] = np.ascontiguousarray(weight[out][:, source])
    if needs_bias:
        weights[f"{node.name}.bias"] = (bias + added)[out].astype(weight.dtype)
    return replace(node, op=op.model_copy(update={"filters": int(out.sum()), "bias": needs_bias}))
