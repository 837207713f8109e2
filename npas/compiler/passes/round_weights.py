"""Rounds the weights of fully connected layers, or of convolutions too, to half precision.

That comes before anything is exported, proven or evaluated.

The network that is exported, evaluated and proven is the rounded one, so that storing it in 16 bits loses nothing.
Not one of ``PASSES``, which keep a network's function.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npas.errors import UnsupportedError
from npas.graph.graph import Graph, Network, Node
from npas.ops import Conv2d, Linear

LARGEST = float(np.finfo(np.float16).max)


def rounded_nodes(graph: Graph, convolutions: bool = False) -> frozenset[str]:
    """The fully connected layers; with ``convolutions`` those too but for depthwise ones, which have few weights."""
    return frozenset(
        node.name
        for node in graph.nodes
        if isinstance(node.op, Linear) or (convolutions and isinstance(node.op, Conv2d) and not _depthwise(graph, node))
    )


def _depthwise(graph: Graph, node: Node) -> bool:
    assert isinstance(node.op, Conv2d)
    return node.op.is_depthwise(graph.input_shapes(node)[0][1])


def round_weights(network: Network, convolutions: bool = False) -> Network:
    """Of ``rounded_nodes``; biases stay. Raises UnsupportedError where a weight is beyond half precision."""
    weights = dict(network.weights)
    for node in sorted(rounded_nodes(network.graph, convolutions)):
        name = f"{node}.weight"
        most = float(np.abs(weights[name]).max(initial=0.0))
        if most > LARGEST:
            raise UnsupportedError(
                f"node {node}: weights must be at most {LARGEST:g} to be stored as fp16, got {most:g}, store it as fp32"
            )
        weights[name] = weights[name].astype(np.float16).astype(np.float32)
    return replace(network, weights=weights)
