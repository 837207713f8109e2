"""More around an array: a constant, the edge, its mirror image or what comes round from the other side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import AnyArray, Imported, OnnxCall, OnnxNode, OnnxPart

Mode = Literal["constant", "edge", "reflect", "wrap"]

OUTSIDE = -1
"""The index of what lies outside and is the constant."""


class Pad(Op):
    """``before`` and ``after`` elements along ``axis``."""

    type: Literal["pad"] = "pad"
    onnx_types: ClassVar[tuple[str, ...]] = ("Pad", "npas.Pad")
    axis: int
    before: int
    after: int
    mode: Mode = "constant"
    value: float = 0.0

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        if not 0 <= self.axis < len(shape):
            raise ValueError(f"axis must lie within {shape}, got {self.axis}")
        size = shape[self.axis]
        if min(self.before, self.after) < 0 or (self.mode == "reflect" and max(self.before, self.after) >= size):
            raise ValueError(f"{self.mode} padding must fit {size} elements, got {self.before} and {self.after}")
        return (*shape[: self.axis], size + self.before + self.after, *shape[self.axis + 1 :])

    def indices(self, size: int) -> tuple[int, ...]:
        """Of each element of the result, which of the input's it is, or OUTSIDE."""
        places = range(-self.before, size + self.after)
        match self.mode:
            case "constant":
                return tuple(i if 0 <= i < size else OUTSIDE for i in places)
            case "edge":
                return tuple(min(max(i, 0), size - 1) for i in places)
            case "reflect":
                return tuple(-i if i < 0 else 2 * (size - 1) - i if i >= size else i for i in places)
            case "wrap":
                return tuple(i % size for i in places)

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        (value,) = x
        indices = torch.tensor(self.indices(value.shape[self.axis]), device=value.device)
        taken = value.index_select(self.axis, indices.clamp(min=0))
        shape = [1] * value.ndim
        shape[self.axis] = -1
        outside = (indices == OUTSIDE).reshape(shape)
        return torch.where(outside, torch.full((), self.value, dtype=value.dtype, device=value.device), taken)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        """``wrap`` is ONNX's since opset 19 only, so it is a ``Gather``."""
        rank = len(shapes[0])
        if self.mode == "wrap":
            key, indices = f"{name}.indices", np.array(self.indices(shapes[0][self.axis]), np.int64)
            return OnnxPart((OnnxNode("Gather", (*inputs, key), name, {"axis": self.axis}, name),), {key: indices})
        amounts = np.zeros(2 * rank, np.int64)
        amounts[[self.axis, self.axis + rank]] = self.before, self.after
        constants: dict[str, AnyArray] = {f"{name}.pads": amounts, f"{name}.fill": np.array(self.value, np.float32)}
        return OnnxPart((OnnxNode("Pad", (*inputs, *constants), name, {"mode": self.mode}, name),), constants)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """One axis, none negative: the frontend has taken others apart, and writes ``npas.Pad``, with our fields."""
        if call.node.type == "npas.Pad":
            return Imported(cls.model_validate(dict(call.node.attributes)), call.values(0))
        amounts, mode, value = pad_call(call)
        rank = len(call.shape(0))
        axes = [i for i in range(rank) if amounts[i] or amounts[i + rank]]
        if len(axes) != 1:
            raise ValueError(f"must be of one axis, got {len(axes)}")
        (axis,) = axes
        before, after = amounts[axis], amounts[axis + rank]
        return Imported(cls(axis=axis, before=before, after=after, mode=mode, value=value), call.values(0))


def pad_call(call: OnnxCall) -> tuple[tuple[int, ...], Mode, float]:
    """Begin of every axis, then end of every axis; the mode; the constant."""
    mode = call.node.text("mode", "constant")
    if mode not in ("constant", "edge", "reflect", "wrap"):
        raise ValueError(f"mode must be constant, edge, reflect or wrap, got {mode[:20]!r}")
    value = call.scalar(2, 0.0) if call.opset >= 11 else call.node.number("value", 0.0)
    kind: Mode = (
        "edge" if mode == "edge" else "reflect" if mode == "reflect" else "wrap" if mode == "wrap" else "constant"
    )
    return pad_amounts(call), kind, value if kind == "constant" else 0.0


def pad_amounts(call: OnnxCall) -> tuple[int, ...]:
    """Begin of every axis, then end of every axis, as opset 11 has it for all axes."""
    rank = len(call.shape(0))
    pads = tuple(int(i) for i in call.constant(1).reshape(-1)) if call.opset >= 11 else call.node.integers("pads")
    axes = tuple(int(a) % rank for a in call.constant(3).reshape(-1)) if call.has(3) else tuple(range(rank))
    if len(pads) != 2 * len(axes):
        raise ValueError(f"pads must be {2 * len(axes)} numbers, got {len(pads)}")
    begin, end = dict(zip(axes, pads, strict=False)), dict(zip(axes, pads[len(axes) :], strict=True))
    return tuple(side.get(i, 0) for side in (begin, end) for i in range(rank))
