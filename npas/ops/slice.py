"""A part of an array: of each axis a start, a step and a count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart


class Slice(Op):
    """Along ``axis``, ``count`` elements from ``start`` on, ``step`` apart; a negative step walks back."""

    type: Literal["slice"] = "slice"
    onnx_types: ClassVar[tuple[str, ...]] = ("Slice", "npas.Slice")
    axis: int
    start: int
    count: int
    step: int = 1

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        if not 0 <= self.axis < len(shape):
            raise ValueError(f"axis must lie within {shape}, got {self.axis}")
        last = self.start + (self.count - 1) * self.step
        if (
            self.count < 1
            or self.step == 0
            or not (0 <= self.start < shape[self.axis] and 0 <= last < shape[self.axis])
        ):
            raise ValueError(f"must take something that exists, got {self.indices()} of {shape[self.axis]}")
        return (*shape[: self.axis], self.count, *shape[self.axis + 1 :])

    def indices(self) -> range:
        """What of the axis is taken, in order."""
        return range(self.start, self.start + self.count * self.step, self.step)

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].index_select(self.axis, torch.tensor(list(self.indices()), device=x[0].device))

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        end = self.start + self.count * self.step
        bounds = {
            "starts": self.start,
            "ends": end if end >= 0 else -(1 << 31),
            "axes": self.axis,
            "steps": self.step,
        }
        constants = {f"{name}.{key}": np.array([value], np.int64) for key, value in bounds.items()}
        return OnnxPart((OnnxNode("Slice", (*inputs, *constants), name, {}, name),), constants)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """One axis: the frontend has taken others apart, and writes ``npas.Slice``, with our fields."""
        if call.node.type == "npas.Slice":
            fields = {key: call.node.integer(key, 0) for key in ("axis", "start", "count", "step")}
            return Imported(cls(**fields), call.values(0))
        parts = sliced_axes(call)
        if len(parts) != 1:
            raise ValueError(f"must be of one axis, got {len(parts)}")
        ((axis, taken),) = parts.items()
        if not len(taken):
            raise ValueError("must take something, got nothing")
        return Imported(cls(axis=axis, start=taken.start, count=len(taken), step=taken.step), call.values(0))


def sliced_axes(call: OnnxCall) -> dict[int, range]:
    """What an ONNX ``Slice`` takes of each axis that it names, clamped as numpy does."""
    shape = call.shape(0)
    if call.opset < 10:
        starts, ends = call.node.integers("starts"), call.node.integers("ends")
        axes, steps = call.node.integers("axes", tuple(range(len(starts)))), (1,) * len(starts)
    else:
        starts, ends = (tuple(int(i) for i in call.constant(k).reshape(-1)) for k in (1, 2))
        axes = tuple(int(i) for i in call.constant(3).reshape(-1)) if call.has(3) else tuple(range(len(starts)))
        steps = tuple(int(i) for i in call.constant(4).reshape(-1)) if call.has(4) else (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ValueError("starts, ends, axes and steps must be as many, and no step 0")
    found: dict[int, range] = {}
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"axis must lie within {len(shape)} dimensions, got {axis}")
        size = shape[axis]
        found[axis % len(shape)] = range(*slice(start, None if step < 0 and end < -size else end, step).indices(size))
    return found
