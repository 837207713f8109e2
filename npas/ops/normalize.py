"""(x - mean) / sqrt(variance + epsilon) over the last axes: layer, instance and group norm before scale and shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart


class Normalize(Op):
    """Mean and (population) variance are those of all elements from ``axis`` on."""

    type: Literal["normalize"] = "normalize"
    onnx_types: ClassVar[tuple[str, ...]] = ("LayerNormalization",)
    axis: int
    epsilon: float = 1e-5

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if not 0 <= self.axis < len(inputs[0]):
            raise ValueError(f"axis must lie within {inputs[0]}, got {self.axis}")
        return inputs[0]

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.layer_norm(x[0], x[0].shape[self.axis :], eps=self.epsilon)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        attributes = {"axis": self.axis, "epsilon": self.epsilon}
        node = OnnxNode("LayerNormalization", (*inputs, f"{name}.ones"), name, attributes, name)
        return OnnxPart((node,), {f"{name}.ones": np.ones(shapes[0][self.axis :], np.float32)})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """Without scale and shift: the frontend has made products and sums of them."""
        rank, axis = len(call.shape(0)), call.node.integer("axis", -1)
        if not -rank <= axis < rank:
            raise ValueError(f"axis must lie within {rank} dimensions, got {axis}")
        if call.has(2) or not (call.constant(1) == 1).all():
            raise ValueError("scale must be a constant of ones and there must be no bias")
        return Imported(cls(axis=axis % rank, epsilon=call.node.number("epsilon", 1e-5)), call.values(0))
