"""The network in our DSL: nodes in topological order, one value each; weights are kept beside it, by name.

A value is named after the node that computes it. Shapes have the batch as dimension 0; graphs are
stored with batch 1, and every operator's reference runs at any batch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from npas.ops import AnyOp, Input
from npas.ops.base import Shape

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
"""What a node may be called. Names of imported models that do not match are replaced at import."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value of the graph: the node that computes it and its shape (batch first)."""

    name: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Node:
    """One operator applied to earlier values."""

    name: str
    op: AnyOp
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A frozen network without weights."""

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    @cached_property
    def _by_name(self) -> Mapping[str, Node]:
        return {node.name: node for node in self.nodes}

    def node(self, name: str) -> Node:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        return tuple(node.name for node in self.nodes if isinstance(node.op, Input))

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shape of every value, batch first."""
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            shapes[node.name] = node.op.infer(tuple(shapes[i] for i in node.inputs))
        return shapes

    def tensor(self, name: str) -> Tensor:
        return Tensor(name, self.shapes[name])

    def input_shapes(self, node: Node) -> tuple[Shape, ...]:
        return tuple(self.shapes[i] for i in node.inputs)

    @cached_property
    def consumers(self) -> Mapping[str, tuple[Node, ...]]:
        """The nodes that read each value, in order."""
        readers: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                readers[name].append(node)
        return {name: tuple(nodes) for name, nodes in readers.items()}

    @cached_property
    def parameters(self) -> Mapping[str, Shape]:
        """``node.role`` -> shape, of every weight that the graph needs."""
        return {
            f"{node.name}.{role}": shape
            for node in self.nodes
            for role, shape in node.op.parameters(self.input_shapes(node)).items()
        }

    def macs(self, node: Node) -> int:
        """Multiply-accumulates of one node at batch 1."""
        return node.op.macs(self.input_shapes(node))

    @cached_property
    def total_macs(self) -> int:
        return sum(self.macs(node) for node in self.nodes)

    def with_nodes(self, nodes: Iterable[Node], outputs: Iterable[str] | None = None) -> Graph:
        """The same graph with other nodes (and outputs, where given)."""
        return replace(self, nodes=tuple(nodes), outputs=tuple(outputs if outputs is not None else self.outputs))


@dataclass(frozen=True)
class Network:
    """A graph and its weights (``node.role`` -> float32 array)."""

    graph: Graph
    weights: Mapping[str, Array]

    def params(self, node: Node) -> dict[str, Array]:
        """The weights of one node, by role."""
        roles = node.op.parameters(self.graph.input_shapes(node))
        return {role: self.weights[f"{node.name}.{role}"] for role in roles}

    def with_weights(self, weights: Mapping[str, Array]) -> Network:
        return replace(self, weights=weights)

    @property
    def parameter_count(self) -> int:
        return sum(int(np.prod(shape)) for shape in self.graph.parameters.values())
