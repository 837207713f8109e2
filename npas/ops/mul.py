"""a * b, with ONNX's broadcasting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from torch import Tensor

from npas.ops.base import Binary, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class Mul(Binary):
    type: Literal["mul"] = "mul"
    onnx_types: ClassVar[tuple[str, ...]] = ("Mul",)

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0] * x[1]

    def combine(self, a: str, b: str) -> str:
        return f"{a} * {b}"

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("Mul", name, inputs)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        return Imported(cls(), call.operands(0, 1))
