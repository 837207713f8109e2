"""exp(x) / sum(exp(x)) over the last axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class Softmax(Op):
    type: Literal["softmax"] = "softmax"
    onnx_types: ClassVar[tuple[str, ...]] = ("Softmax",)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.softmax(x[0], dim=-1)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("Softmax", name, inputs, {"axis": -1})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """Until opset 12 everything from ``axis`` on was one axis; that agrees only where it is the last."""
        rank = len(call.shape(0))
        axis = call.node.integer("axis", -1 if call.opset >= 13 else 1)
        if axis not in (-1, rank - 1):
            raise ValueError(f"axis must be the last of {rank}, got {axis}")
        return Imported(cls(), call.values(0))
