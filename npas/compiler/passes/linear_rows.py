"""Fully connected layers on several rows at once: 1x1 convolutions, whose pixels the rows are.

[..., R, C] becomes an image of C channels and one line of R pixels, and back: both ways are one move of the numbers
each. All that is known of convolutions, pruned ones too, then holds for the layer, which keeps its name.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from npas.graph.graph import NAME, Array, Network, Node
from npas.ops import AnyOp, Conv2d, Linear, Reshape, Shape, Transpose


def run(network: Network) -> Network:
    """The same function with no fully connected layer but those of one row, [1, C]."""
    graph, weights = network.graph, dict(network.weights)
    taken = {node.name for node in graph.nodes}
    renames: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        shape = graph.input_shapes(node)[0] if node.inputs else ()
        inputs = tuple(renames.get(name, name) for name in node.inputs)
        if not isinstance(node.op, Linear) or shape[:-1] == (1,):
            nodes.append(replace(node, inputs=inputs))
            continue
        before, layer, after = _steps(node.op, shape, graph.shapes[node.name])
        (source,) = inputs
        for op in before:
            source = _append(nodes, op, source, node.name, taken)
        nodes.append(Node(node.name, layer, (source,)))
        source = node.name
        for op in after:
            source = _append(nodes, op, source, node.name, taken)
        renames[node.name] = source
        if isinstance(layer, Conv2d):
            weights[f"{node.name}.weight"] = _as_kernel(weights[f"{node.name}.weight"])
    if not renames:
        return network
    edited = graph.with_nodes(nodes, (renames.get(name, name) for name in graph.outputs))
    return Network(edited, {name: weights[name] for name in edited.parameters})


def _steps(op: Linear, shape: Shape, out: Shape) -> tuple[tuple[AnyOp, ...], AnyOp, tuple[AnyOp, ...]]:
    """What stands before the layer, the layer, and what stands behind it."""
    rows, channels = prod(shape[:-1]), shape[-1]
    if rows == 1:
        return (Reshape(shape=(1, channels)),), op, (Reshape(shape=out),)
    before = (Reshape(shape=(1, 1, rows, channels)), Transpose(order=(0, 3, 1, 2)))
    after = (Transpose(order=(0, 2, 3, 1)), Reshape(shape=out))
    return before, Conv2d(filters=op.filters, kernel=(1, 1), bias=op.bias), after


def _append(nodes: list[Node], op: AnyOp, source: str, stem: str, taken: set[str]) -> str:
    """One more node on ``source``, by a name that nothing has."""
    number = 1
    while not NAME.match(name := f"{stem[:40]}_rows{number}") or name in taken:
        number += 1
    taken.add(name)
    nodes.append(Node(name, op, (source,)))
    return name


def _as_kernel(weight: Array) -> Array:
    return np.ascontiguousarray(weight[:, :, None, None])
