"""min(max(x, low), high); ReLU6 is clip(0, 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from npas.ops.base import Elementwise, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart
from npas.ops.relu import Relu

FLOAT_MAX = float(np.finfo(np.float32).max)


class Clip(Elementwise):
    type: Literal["clip"] = "clip"
    onnx_types: ClassVar[tuple[str, ...]] = ("Clip",)
    low: float = 0.0
    high: float = 6.0

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.clamp(x[0], self.low, self.high)

    def expression(self) -> str:
        return f"clip(x, {self.low!r}f, {self.high!r}f)"

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        bounds = {f"{name}.low": np.float32(self.low), f"{name}.high": np.float32(self.high)}
        node = OnnxNode("Clip", (*inputs, *bounds), name, {}, name)
        return OnnxPart((node,), {key: np.array(value) for key, value in bounds.items()})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """Bounds were attributes until opset 10. A missing upper bound makes it relu where the lower one is 0."""
        if call.opset < 11:
            low, high = call.node.number("min", -FLOAT_MAX), call.node.number("max", FLOAT_MAX)
        else:
            low, high = call.scalar(1, -FLOAT_MAX), call.scalar(2, FLOAT_MAX)
        if np.isnan(low) or np.isnan(high):
            raise ValueError(f"bounds must be numbers, got {low:g} and {high:g}")
        if low == 0 and high >= FLOAT_MAX:
            return Imported(Relu(), call.values(0))
        return Imported(cls(low=max(low, -FLOAT_MAX), high=min(high, FLOAT_MAX)), call.values(0))
