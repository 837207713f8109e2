"""[N, ...] -> [N, product of the rest]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar, Literal

from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class Flatten(Op):
    type: Literal["flatten"] = "flatten"
    onnx_types: ClassVar[tuple[str, ...]] = ("Flatten",)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (inputs[0][0], prod(inputs[0][1:]))

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].flatten(1)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("Flatten", name, inputs, {"axis": 1})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        rank, axis = len(call.shape(0)), call.node.integer("axis", 1)
        if axis not in (1, 1 - rank):
            raise ValueError(f"axis must be 1, got {axis}")
        return Imported(cls(), call.values(0))
