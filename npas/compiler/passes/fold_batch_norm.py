"""Folds batch normalisation into the layer before it.

| symbol | meaning                                | shape |
| ------ | -------------------------------------- | ----- |
| W, b   | the layer's weight and bias            | [F, ...], [F] |
| g, d   | batch-norm's scale and bias            | [F] |
| m, v   | batch-norm's running mean and variance | [F] |
| s      | g / sqrt(v + epsilon)                  | [F] |

BN(Wx + b) = s(Wx + b - m) + d, so W' = sW and b' = s(b - m) + d: zeros stay zeros. The arithmetic is float64,
the result is stored in the weight's own type.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from npas.compiler.passes.rewire import rebuild, resolve
from npas.graph.graph import Array, Graph, Network, Node
from npas.ops import BatchNorm, Conv2d, Linear


def run(network: Network) -> Network:
    """The same function without batch-norm nodes (of [N, C, H, W] and [N, C] values).

    A batch-norm that is the only reader of a convolution or fully connected layer goes into it, and the
    layer's name stands for both. Any other becomes a 1x1 depthwise convolution of its own name (on [N, C]: a
    diagonal fully connected layer), which is exact.
    """
    graph = network.graph
    nodes = {node.name: node for node in graph.nodes}
    weights = dict(network.weights)
    renames: dict[str, str] = {}
    for node in graph.nodes:
        if not isinstance(node.op, BatchNorm):
            continue
        scale, shift = _affine(network, node, node.op)
        layer = nodes[resolve(renames, node.inputs[0])]
        if isinstance(layer.op, Conv2d | Linear) and _folds(graph, node, layer.op):
            nodes[layer.name] = _fold(layer, layer.op, weights, scale, shift)
            renames[node.name] = layer.name
            del nodes[node.name]
        elif len(graph.shapes[node.name]) in (2, 4):
            nodes[node.name] = _stand_alone(node, len(graph.shapes[node.name]), weights, scale, shift)
    return rebuild(graph, nodes.values(), weights, renames)


def _affine(network: Network, node: Node, op: BatchNorm) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(s, d - s m), in float64."""
    w = {role: array.astype(np.float64) for role, array in network.params(node).items()}
    scale = w["scale"] / np.sqrt(w["var"] + op.epsilon)
    return scale, w["bias"] - scale * w["mean"]


def _folds(graph: Graph, node: Node, op: Conv2d | Linear) -> bool:
    """Nobody else may see the value before normalisation; batch-norm's axis 1 must be the layer's filters, which are a
    fully connected layer's last axis."""
    source, rank = node.inputs[0], len(graph.shapes[node.name])
    alone = len(graph.consumers[source]) == 1 and source not in graph.outputs
    return alone and rank == (4 if isinstance(op, Conv2d) else 2)


def _fold(
    layer: Node,
    op: Conv2d | Linear,
    weights: dict[str, Array],
    scale: NDArray[np.float64],
    shift: NDArray[np.float64],
) -> Node:
    weight = weights[f"{layer.name}.weight"]
    bias = weights[f"{layer.name}.bias"].astype(np.float64) if op.bias else np.zeros(op.filters)
    rows = scale.reshape(-1, *(1,) * (weight.ndim - 1))
    weights[f"{layer.name}.weight"] = (weight.astype(np.float64) * rows).astype(weight.dtype)
    weights[f"{layer.name}.bias"] = (bias * scale + shift).astype(weight.dtype)
    return replace(layer, op=op.model_copy(update={"bias": True}))


def _stand_alone(
    node: Node, rank: int, weights: dict[str, Array], scale: NDArray[np.float64], shift: NDArray[np.float64]
) -> Node:
    channels, dtype = len(scale), weights[f"{node.name}.scale"].dtype
    weights[f"{node.name}.bias"] = shift.astype(dtype)
    if rank == 2:
        weights[f"{node.name}.weight"] = np.diag(scale).astype(dtype)
        return replace(node, op=Linear(filters=channels, bias=True))
    weights[f"{node.name}.weight"] = scale.reshape(channels, 1, 1, 1).astype(dtype)
    return replace(node, op=Conv2d(filters=channels, kernel=(1, 1), groups=channels, bias=True))
