"""An ONNX graph as plain values: what a file says, before it is a ``Graph``. Rewrites work on this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from npas.ops.base import Shape
from npas.ops.onnx_io import AnyArray, OnnxCall, OnnxNode


@dataclass(frozen=True)
class RawGraph:
    """Nodes in topological order, constants by name, and the shapes that are known so far (batch 1)."""

    nodes: tuple[OnnxNode, ...]
    inputs: Mapping[str, Shape]
    outputs: tuple[str, ...]
    constants: Mapping[str, AnyArray]
    opset: int
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    complaints: Mapping[str, str] = field(default_factory=dict)
    """Why a rewrite could not take the node of a value."""

    @cached_property
    def producers(self) -> Mapping[str, OnnxNode]:
        return {node.output: node for node in self.nodes}

    @cached_property
    def readers(self) -> Mapping[str, int]:
        """How often each value is read, by nodes or as an output."""
        counts: dict[str, int] = {}
        for name in (*(i for node in self.nodes for i in node.inputs), *self.outputs):
            counts[name] = counts.get(name, 0) + 1
        return counts

    def shape(self, name: str) -> Shape | None:
        return self.constants[name].shape if name in self.constants else self.shapes.get(name)

    def call(self, node: OnnxNode) -> OnnxCall:
        return OnnxCall(
            node,
            tuple(self.shape(i) for i in node.inputs),
            tuple(self.constants.get(i) for i in node.inputs),
            self.opset,
        )

    def made_by(self, name: str, *types: str) -> OnnxNode | None:
        """The node that computes a value, if it is of one of these types."""
        node = self.producers.get(name)
        return node if node is not None and node.type in types else None

    def scalar(self, name: str) -> float | None:
        """The value of a constant with one element."""
        value = self.constants.get(name)
        return float(value.reshape(())) if value is not None and value.size == 1 and value.dtype.kind in "fiu" else None

    def without_dead_nodes(self) -> RawGraph:
        """Drops the nodes that no output needs."""
        live, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if node.output in live:
                live.update(node.inputs)
                kept.append(node)
        return replace(self, nodes=tuple(reversed(kept)))


@dataclass(frozen=True)
class Replacement:
    """What a rewrite puts in a node's place: nodes of which the last computes the same value.

    With ``alias`` there are none: the value is the same as that other one.
    """

    nodes: tuple[OnnxNode, ...] = ()
    constants: Mapping[str, AnyArray] = field(default_factory=dict)
    alias: str | None = None
