"""x * Phi(x), with the normal distribution's Phi or its tanh approximation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import pi, sqrt
from typing import ClassVar, Literal

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart

Step = tuple[str, tuple[str, ...], str]
"""ONNX operator, inputs, output."""


class Gelu(Elementwise):
    type: Literal["gelu"] = "gelu"
    onnx_types: ClassVar[tuple[str, ...]] = ("Gelu",)
    approximate: Literal["none", "tanh"] = "none"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.gelu(x[0], approximate=self.approximate)

    def expression(self) -> str:
        return "gelu(x)" if self.approximate == "none" else "gelu_tanh(x)"

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        """``Gelu`` is ONNX's since opset 20 only: x * (1 + erf(x / sqrt(2))) * 0.5, or with tanh inside."""
        (x,) = inputs
        exact = self.approximate == "none"
        steps: tuple[Step, ...] = (
            (("Mul", (x, "root"), "inner"), ("Erf", ("inner",), "phi"))
            if exact
            else (
                ("Mul", (x, x), "square"),
                ("Mul", ("square", x), "cube"),
                ("Mul", ("cube", "cubic"), "term"),
                ("Add", (x, "term"), "sum"),
                ("Mul", ("sum", "root"), "inner"),
                ("Tanh", ("inner",), "phi"),
            )
        )
        steps += (("Add", ("phi", "one"), "gate"), ("Mul", (x, "gate"), "twice"), ("Mul", ("twice", "half"), ""))
        numbers = {"root": sqrt(1 / 2) if exact else sqrt(2 / pi), "one": 1.0, "half": 0.5}
        if not exact:
            numbers["cubic"] = 0.044715

        def full(short: str) -> str:
            return short if short == x else f"{name}.{short}" if short else name

        nodes = tuple(OnnxNode(kind, tuple(map(full, ins)), full(out), {}, full(out)) for kind, ins, out in steps)
        return OnnxPart(nodes, {full(key): np.array(value, np.float32) for key, value in numbers.items()})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        approximate = call.node.text("approximate", "none")
        if approximate not in ("none", "tanh"):
            raise ValueError(f"approximate must be none or tanh, got {approximate[:20]!r}")
        return Imported(cls(approximate="tanh" if approximate == "tanh" else "none"), call.values(0))
