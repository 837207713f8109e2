"""Writes several nodes in the place of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from npas.frontend.raw import Replacement
from npas.ops.onnx_io import AnyArray, Attribute, OnnxNode


class Steps:
    """Values are named after the node that they replace; the last one takes its place."""

    def __init__(self, node: OnnxNode) -> None:
        self.node = node
        self.nodes: list[OnnxNode] = []
        self.constants: dict[str, AnyArray] = {}

    def add(self, kind: str, *inputs: str, **attributes: Attribute) -> str:
        """One more node; its value."""
        value = f"{self.node.output}.step{len(self.nodes)}"
        self.nodes.append(OnnxNode(kind, inputs, value, attributes))
        return value

    def number(self, value: ArrayLike) -> str:
        """A constant of float32."""
        return self.constant(np.asarray(value, np.float32))

    def shape(self, value: ArrayLike) -> str:
        """A constant of integers."""
        return self.constant(np.asarray(value, np.int64))

    def constant(self, value: AnyArray) -> str:
        name = f"{self.node.output}.constant{len(self.constants)}"
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
