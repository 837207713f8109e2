"""The rules of a graph and of a network. Whoever builds or rewrites one can ask here."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.graph.graph import NAME, Graph, Network
from npas.ops import Input
from npas.ops.base import Shape

MAX_ELEMENTS = 1 << 31
"""Elements of one value: offsets in generated code are 32-bit."""


def check(graph: Graph) -> None:
    """Raises ValueError, naming the node and the rule, unless the graph is sound.

    Names match ``NAME`` and are unique; nodes read earlier nodes only, as many as their operator takes; shapes
    fit; there are inputs and outputs, and the outputs exist.
    """
    shapes: dict[str, Shape] = {}
    for node in graph.nodes:
        where = f"node {node.name!a}"
        if not NAME.match(node.name):
            raise ValueError(f"{where}: name must match {NAME.pattern}")
        if node.name in shapes:
            raise ValueError(f"{where}: name must be unique")
        late = [name for name in node.inputs if name not in shapes]
        if late:
            raise ValueError(f"{where}: must read earlier nodes only, got {', '.join(map(ascii, late))}")
        arity = node.op.arity
        if len(node.inputs) != arity if arity is not None else not node.inputs:
            wanted = "at least one input" if arity is None else f"{arity} inputs"
            raise ValueError(f"{where}: {node.op.type} takes {wanted}, got {len(node.inputs)}")
        try:
            shape = node.op.infer(tuple(shapes[name] for name in node.inputs))
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        if min(shape, default=1) < 1 or prod(shape) >= MAX_ELEMENTS:
            raise ValueError(f"{where}: shape must have no zeros and below 2^31 elements, got {shape}")
        shapes[node.name] = shape
    if not any(isinstance(node.op, Input) for node in graph.nodes):
        raise ValueError(f"graph {graph.name!r}: must have an input")
    absent = [name for name in graph.outputs if name not in shapes]
    if absent or not graph.outputs:
        raise ValueError(f"graph {graph.name!r}: outputs must be nodes, got {', '.join(absent) or 'none'}")


def check_network(network: Network) -> None:
    """``check``, and the weights: exactly those that the graph needs, float32, of the right shapes, finite."""
    check(network.graph)
    wanted = network.graph.parameters
    missing, extra = wanted.keys() - network.weights.keys(), network.weights.keys() - wanted.keys()
    if missing or extra:
        raise ValueError(f"weights: missing {sorted(missing)}, unexpected {sorted(extra)}")
    for name, shape in wanted.items():
        array = network.weights[name]
        if array.dtype != np.float32 or array.shape != shape:
            raise ValueError(f"weight {name}: must be float32 {shape}, got {array.dtype} {array.shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"weight {name}: must be finite")
