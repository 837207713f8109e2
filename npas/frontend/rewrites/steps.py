"""Writes several nodes in the place of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from npas.frontend.raw import RawGraph, Replacement
from npas.ops.onnx_io import AnyArray, Attribute, OnnxNode

STEP = ".rewrite"
"""Between a value and the number of the rewrite that a name comes from: one node may be rewritten more than once."""


MOST_ELEMENTS = 1 << 24
"""Of a table that a rewrite makes: more than any network needs."""


def affordable(*counts: int) -> None:
    """Raises ValueError where a table of so many elements is more than a file may ask for."""
    if prod(counts) > MOST_ELEMENTS:
        raise ValueError(f"asks for {prod(counts)} elements at once, more than {MOST_ELEMENTS}")


class Steps:
    """Values are named after the node that they replace; the last one takes its place."""

    def __init__(self, graph: RawGraph, node: OnnxNode) -> None:
        self.node = node
        taken = {name.split(STEP)[1].split(".")[0] for name in _names(graph) if name.startswith(node.output + STEP)}
        self.prefix = f"{node.output}{STEP}{len(taken)}"
        self.nodes: list[OnnxNode] = []
        self.constants: dict[str, AnyArray] = {}

    def add(self, kind: str, *inputs: str, **attributes: Attribute) -> str:
        """One more node; its value."""
        value = f"{self.prefix}.{len(self.nodes)}"
        self.nodes.append(OnnxNode(kind, inputs, value, attributes))
        return value

    def number(self, value: ArrayLike) -> str:
        """A constant of float32."""
        return self.constant(np.asarray(value, np.float32))

    def shape(self, value: ArrayLike) -> str:
        """A constant of integers."""
        return self.constant(np.asarray(value, np.int64))

    def constant(self, value: AnyArray) -> str:
        name = f"{self.prefix}.constant{len(self.constants)}"
        self.constants[name] = value
        return name

    def reshape(self, x: str, shape: ArrayLike) -> str:
        return self.add("Reshape", x, self.shape(shape))

    def replacement(self, last: str) -> Replacement:
        """What stands for the node: the value ``last``, by the node's own name."""
        if not self.nodes or self.nodes[-1].output != last:
            return Replacement(tuple(self.nodes), self.constants, alias=last)
        final = replace(self.nodes[-1], output=self.node.output, name=self.node.name)
        return Replacement((*self.nodes[:-1], final), self.constants)


def _names(graph: RawGraph) -> Iterator[str]:
    yield from graph.constants
    for node in graph.nodes:
        yield node.output
