"""Axes of one element repeated, as broadcasting does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.broadcast import broadcast_shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart


class Expand(Op):
    """To ``shape``, broadcast with the input's: a 1 in it leaves an axis as it is."""

    type: Literal["expand"] = "expand"
    onnx_types: ClassVar[tuple[str, ...]] = ("Expand",)
    shape: Shape

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return broadcast_shape(inputs[0], self.shape)

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].expand(self.infer((tuple(x[0].shape),)))

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        node = OnnxNode("Expand", (*inputs, f"{name}.shape"), name, {}, name)
        return OnnxPart((node,), {f"{name}.shape": np.array(self.shape, np.int64)})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        wanted = tuple(int(d) for d in call.constant(1).reshape(-1))
        if min(wanted, default=1) < 1:
            raise ValueError(f"shape must have no zeros, got {list(wanted)}")
        return Imported(cls(shape=wanted), call.values(0))
