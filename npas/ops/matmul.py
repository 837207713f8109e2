"""The product of two arrays of matrices that the network computes; by a weight it is ``Linear``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar, Literal

from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.broadcast import broadcast_shape
from npas.ops.onnx_io import OnnxPart, single


class MatMul(Op):
    """[..., M, K] x [..., K, N] -> [..., M, N]; what stands before the matrices broadcasts."""

    type: Literal["matmul"] = "matmul"
    arity: ClassVar[int | None] = 2

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        a, b = inputs
        if len(a) < 2 or len(b) < 2 or a[-1] != b[-2]:
            raise ValueError(f"{a} and {b} are not matrices that multiply")
        return (*broadcast_shape(a[:-2], b[:-2]), a[-2], b[-1])

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0] @ x[1]

    def macs(self, inputs: tuple[Shape, ...]) -> int:
        return prod(self.infer(inputs)) * inputs[0][-1]

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("MatMul", name, inputs)
