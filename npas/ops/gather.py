"""Chosen elements of one axis, in any order and any number of times; the choice is part of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart


class Gather(Op):
    type: Literal["gather"] = "gather"
    onnx_types: ClassVar[tuple[str, ...]] = ("Gather",)
    axis: int
    indices: tuple[int, ...]

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        if not 0 <= self.axis < len(shape):
            raise ValueError(f"axis must lie within {shape}, got {self.axis}")
        if not self.indices or min(self.indices) < 0 or max(self.indices) >= shape[self.axis]:
            raise ValueError(f"indices must lie within {shape[self.axis]} elements")
        return (*shape[: self.axis], len(self.indices), *shape[self.axis + 1 :])

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].index_select(self.axis, torch.tensor(self.indices, device=x[0].device))

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        key = f"{name}.indices"
        node = OnnxNode("Gather", (*inputs, key), name, {"axis": self.axis}, name)
        return OnnxPart((node,), {key: np.array(self.indices, np.int64)})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """Indices in one row: the frontend has reshaped others."""
        shape, axis, indices = call.shape(0), call.node.integer("axis", 0), call.constant(1)
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"axis must lie within {len(shape)} dimensions, got {axis}")
        if indices.ndim != 1:
            raise ValueError(f"indices must be a row, got shape {list(indices.shape)}")
        size = shape[axis]
        if indices.size and not (-size <= indices.min() and indices.max() < size):
            raise ValueError(f"indices must lie within {size} elements")
        row = tuple(int(i) % size for i in indices)
        return Imported(cls(axis=axis % len(shape), indices=row), call.values(0))
