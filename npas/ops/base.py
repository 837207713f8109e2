"""What every operator must say of itself. One operator per file; the union in ``__init__`` is the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from torch import Tensor

from npas.ops.broadcast import Shape, broadcast_shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single

__all__ = ["Binary", "Elementwise", "Op", "Shape"]


class Op(BaseModel):
    """An operator's fields (no shapes of its inputs, no weights) and its meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arity: ClassVar[int | None] = 1
    """How many inputs it takes; None for any number from one up."""

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Shape of the result. Raises ValueError where the inputs do not fit."""
        raise NotImplementedError(type(self))

    def parameters(self, inputs: tuple[Shape, ...]) -> dict[str, Shape]:
        """Role -> shape of each weight."""
        return {}

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        """What the operator computes, in torch, differentiable, at any batch and float width."""
        raise NotImplementedError(type(self))

    onnx_types: ClassVar[tuple[str, ...]] = ()
    """The operators of ONNX that ``from_onnx`` reads."""

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        """The operator in ONNX opset 17; weights are read as ``name.role``."""
        raise NotImplementedError(type(self))

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """The operator that a call stands for (opset 7 and up). Raises ValueError where it says more than we can."""
        raise NotImplementedError(cls)

    def macs(self, inputs: tuple[Shape, ...]) -> int:
        """Multiply-accumulates at the given shapes; element-wise work counts as none."""
        return 0


class Elementwise(Op):
    """One value in, one value out, element by element: any of these can be a kernel's epilogue."""

    cpp: ClassVar[str] = ""
    """The vector function of ``npas/simd.h`` that computes it, as a call on ``x`` (fields are filled in)."""

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def expression(self) -> str:
        """The C++ expression of the vector ``x``."""
        return self.cpp

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        """The ONNX operator of ``onnx_types``, which has no attributes; others override this."""
        (kind,) = self.onnx_types
        return single(kind, name, inputs)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        return Imported(cls(), call.values(0))


class Binary(Op):
    """Two values in, one out, element by element, with ONNX's broadcasting."""

    arity: ClassVar[int | None] = 2

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return broadcast_shape(inputs[0], inputs[1])

    def combine(self, a: str, b: str) -> str:
        """The C++ expression of two vectors."""
        raise NotImplementedError(type(self))
