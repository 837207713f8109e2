"""a * b, with ONNX's broadcasting (squeeze-and-excite scales [1, C, H, W] by [1, C, 1, 1])."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.broadcast import broadcast_shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class Mul(Op):
    type: Literal["mul"] = "mul"
    arity: ClassVar[int | None] = 2
    onnx_types: ClassVar[tuple[str, ...]] = ("Mul",)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return broadcast_shape(inputs[0], inputs[1])

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0] * x[1]

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("Mul", name, inputs)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        return Imported(cls(), call.values(0, 1))
