"""Each element along an axis is a weighted sum of some of the input's: linear and cubic resizing, one axis of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart, shortest


class Resample(Op):
    """Element i along ``axis`` is the sum over j of ``weights[taps i + j]`` times element ``indices[taps i + j]``."""

    type: Literal["resample"] = "resample"
    onnx_types: ClassVar[tuple[str, ...]] = ("npas.Resample",)
    axis: int
    taps: int
    indices: tuple[int, ...]
    weights: tuple[float, ...]

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        if not 0 <= self.axis < len(shape):
            raise ValueError(f"axis must lie within {shape}, got {self.axis}")
        if self.taps < 1 or not self.indices or len(self.indices) % self.taps or len(self.indices) != len(self.weights):
            raise ValueError(f"indices and weights must be {self.taps} for each element")
        if min(self.indices) < 0 or max(self.indices) >= shape[self.axis]:
            raise ValueError(f"indices must lie within {shape[self.axis]} elements")
        return (*shape[: self.axis], len(self.indices) // self.taps, *shape[self.axis + 1 :])

    def matrix(self, size: int) -> NDArray[np.float32]:
        """The same as a matrix [elements of the result, size]."""
        found = np.zeros((len(self.indices) // self.taps, size), np.float32)
        rows = np.arange(len(self.indices)) // self.taps
        np.add.at(found, (rows, np.array(self.indices)), np.array(self.weights, np.float32))
        return found

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        matrix = torch.from_numpy(self.matrix(x[0].shape[self.axis])).to(x[0])
        return torch.movedim(torch.tensordot(x[0], matrix, dims=([self.axis], [1])), -1, self.axis)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        """A product with a matrix: of the last axis from the right, of another, brought to the second last, from the
        left."""
        rank, matrix = len(shapes[0]), self.matrix(shapes[0][self.axis])
        key, nodes, x = f"{name}.matrix", list[OnnxNode](), inputs[0]
        if self.axis == rank - 1:
            return OnnxPart((OnnxNode("MatMul", (x, key), name, {}, name),), {key: np.ascontiguousarray(matrix.T)})
        order = list(range(rank))
        order[self.axis], order[-2] = order[-2], order[self.axis]
        turned = self.axis != rank - 2
        if turned:
            nodes.append(OnnxNode("Transpose", (x,), f"{name}.turned", {"perm": tuple(order)}, f"{name}.turned"))
            x = f"{name}.turned"
        product = f"{name}.product" if turned else name
        nodes.append(OnnxNode("MatMul", (key, x), product, {}, product))
        if turned:
            nodes.append(OnnxNode("Transpose", (product,), name, {"perm": tuple(order)}, name))
        return OnnxPart(tuple(nodes), {key: matrix})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """As the frontend writes it for a ``Resize``; ONNX has no such operator."""
        node, weights = call.node, call.constant(1)
        indices, axis, taps = node.integers("indices"), node.integer("axis", -1), node.integer("taps", 0)
        op = cls(axis=axis, taps=taps, indices=indices, weights=tuple(shortest(w) for w in weights.reshape(-1)))
        return Imported(op, call.values(0))
