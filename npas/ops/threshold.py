"""Functions that leave a band of values out: ThresholdedRelu and Shrink."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Elementwise, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class Threshold(Elementwise):
    """x - bias above ``high``, x + bias below ``low``, else 0; without ``low`` nothing below passes."""

    type: Literal["threshold"] = "threshold"
    onnx_types: ClassVar[tuple[str, ...]] = ("ThresholdedRelu", "Shrink")
    high: float = 1.0
    low: float | None = None
    bias: float = 0.0

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        (value,) = x
        zero = torch.zeros_like(value)
        result = torch.where(value > self.high, value - self.bias, zero)
        return result if self.low is None else torch.where(value < self.low, value + self.bias, result)

    def expression(self) -> str:
        if self.low is None:
            return f"thresholded(x, {self.high!r}f)"
        return f"shrunk(x, {self.low!r}f, {self.high!r}f, {self.bias!r}f)"

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        if self.low is None:
            return single("ThresholdedRelu", name, inputs, {"alpha": self.high})
        return single("Shrink", name, inputs, {"lambd": self.high, "bias": self.bias})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        node = call.node
        if node.type == "ThresholdedRelu":
            return Imported(cls(high=node.number("alpha", 1.0)), call.values(0))
        bound = node.number("lambd", 0.5)
        if bound < 0:
            raise ValueError(f"lambd must not be negative, got {bound:g}")
        return Imported(cls(high=bound, low=-bound, bias=node.number("bias", 0.0)), call.values(0))
