"""x * sigmoid(x), also called swish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart


class Silu(Elementwise):
    type: Literal["silu"] = "silu"
    onnx_types: ClassVar[tuple[str, ...]] = ("Swish",)
    cpp: ClassVar[str] = "silu(x)"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.silu(x[0])

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        gate = OnnxNode("Sigmoid", inputs, f"{name}.gate", {}, f"{name}.gate")
        return OnnxPart((gate, OnnxNode("Mul", (*inputs, gate.output), name, {}, name)))

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """``Swish`` is ONNX's since opset 24; before that the product is recognised at import."""
        if call.node.number("alpha", 1.0) != 1.0:
            raise ValueError(f"alpha must be 1, got {call.node.number('alpha', 1.0):g}")
        return Imported(cls(), call.values(0))
