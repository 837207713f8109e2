"""x where it is positive, else alpha x."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class LeakyRelu(Elementwise):
    type: Literal["leaky_relu"] = "leaky_relu"
    onnx_types: ClassVar[tuple[str, ...]] = ("LeakyRelu",)
    alpha: float = 0.01

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.leaky_relu(x[0], self.alpha)

    def expression(self) -> str:
        return f"leaky_relu(x, {self.alpha!r}f)"

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("LeakyRelu", name, inputs, {"alpha": self.alpha})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        return Imported(cls(alpha=call.node.number("alpha", 0.01)), call.values(0))
