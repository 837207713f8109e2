"""The same numbers, in the same order, in another shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart


class Reshape(Op):
    """Where both shapes begin with 1, that is the batch, and any batch keeps its size."""

    type: Literal["reshape"] = "reshape"
    onnx_types: ClassVar[tuple[str, ...]] = ("Reshape",)
    shape: Shape

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        keeps = self._keeps_batch(inputs[0])
        if keeps and prod(self.shape) == prod(inputs[0][1:]):
            return (inputs[0][0], *self.shape[1:])
        if prod(self.shape) != prod(inputs[0]):
            raise ValueError(f"cannot reshape {inputs[0]} to {self.shape}")
        return self.shape

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].reshape(self.infer((tuple(x[0].shape),)))

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        batched = shapes[0][:1] == (1,) and self.shape[:1] == (1,)
        wanted = (-1, *self.shape[1:]) if batched else self.shape
        node = OnnxNode("Reshape", (*inputs, f"{name}.shape"), name, {}, name)
        return OnnxPart((node,), {f"{name}.shape": np.array(wanted, np.int64)})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        shape, wanted = call.shape(0), [int(i) for i in call.constant(1).reshape(-1)]
        if not call.node.integer("allowzero", 0):
            if any(d == 0 and i >= len(shape) for i, d in enumerate(wanted)):
                raise ValueError(f"cannot reshape {list(shape)} to {wanted}")
            wanted = [shape[i] if d == 0 else d for i, d in enumerate(wanted)]
        if wanted.count(-1) > 1 or any(d < -1 for d in wanted):
            raise ValueError(f"cannot reshape to {wanted}")
        if -1 in wanted:
            rest = prod(d for d in wanted if d != -1)
            wanted[wanted.index(-1)] = prod(shape) // rest if rest else 0
        return Imported(cls(shape=tuple(wanted)), call.values(0))

    def _keeps_batch(self, shape: Shape) -> bool:
        return len(shape) > 0 and len(self.shape) > 0 and self.shape[0] == 1
