"""exp(x) / sum(exp(x)) over an axis, its logarithm, or 1 for the largest and 0 for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single

Kind = Literal["softmax", "log_softmax", "hardmax"]

_ONNX: Mapping[Kind, str] = {"softmax": "Softmax", "log_softmax": "LogSoftmax", "hardmax": "Hardmax"}


class Softmax(Op):
    """``hardmax`` takes the first of the largest."""

    type: Literal["softmax"] = "softmax"
    onnx_types: ClassVar[tuple[str, ...]] = tuple(_ONNX.values())
    axis: int = -1
    kind: Kind = "softmax"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if not -len(inputs[0]) <= self.axis < len(inputs[0]):
            raise ValueError(f"axis must lie within {inputs[0]}, got {self.axis}")
        return inputs[0]

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        if self.kind == "hardmax":
            chosen = F.one_hot(x[0].argmax(self.axis), x[0].shape[self.axis])
            return torch.movedim(chosen, -1, self.axis).to(x[0])
        function = torch.softmax if self.kind == "softmax" else torch.log_softmax
        return function(x[0], dim=self.axis)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single(_ONNX[self.kind], name, inputs, {"axis": self.axis})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """Until opset 12 everything from ``axis`` on was one axis; that agrees only where it is the last."""
        rank = len(call.shape(0))
        axis = call.node.integer("axis", -1 if call.opset >= 13 else 1)
        if not -rank <= axis < rank:
            raise ValueError(f"axis must lie within {rank} dimensions, got {axis}")
        if call.opset < 13 and axis not in (-1, rank - 1):
            raise ValueError(f"axis must be the last of {rank} before opset 13, got {axis}")
        (kind,) = (kind for kind, name in _ONNX.items() if name == call.node.type)
        return Imported(cls(axis=-1 if axis == rank - 1 else axis, kind=kind), call.values(0))
