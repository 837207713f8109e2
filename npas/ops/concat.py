"""Values side by side along one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class Concat(Op):
    type: Literal["concat"] = "concat"
    axis: int = 1
    arity: ClassVar[int | None] = None
    onnx_types: ClassVar[tuple[str, ...]] = ("Concat",)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        first, axis = inputs[0], self.axis % len(inputs[0])
        if any(len(s) != len(first) or s[:axis] + s[axis + 1 :] != first[:axis] + first[axis + 1 :] for s in inputs):
            raise ValueError(f"shapes {inputs} differ outside axis {axis}")
        return (*first[:axis], sum(s[axis] for s in inputs), *first[axis + 1 :])

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.cat(list(x), dim=self.axis)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("Concat", name, inputs, {"axis": self.axis})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        rank, axis = len(call.shape(0)), call.node.integer("axis", 1)
        if not -rank <= axis < rank:
            raise ValueError(f"axis must lie within {rank} dimensions, got {axis}")
        return Imported(cls(axis=axis % rank), call.operands(*range(len(call.node.inputs))))
