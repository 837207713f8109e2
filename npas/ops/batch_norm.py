"""Batch normalisation over channels: scale, bias, mean and var, [C] each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single

ROLES = ("scale", "bias", "mean", "var")


class BatchNorm(Op):
    type: Literal["batch_norm"] = "batch_norm"
    onnx_types: ClassVar[tuple[str, ...]] = ("BatchNormalization",)
    epsilon: float = 1e-5

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def parameters(self, inputs: tuple[Shape, ...]) -> dict[str, Shape]:
        return dict.fromkeys(ROLES, (inputs[0][1],))

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        """In training the batch's own statistics are used and ``mean``/``var`` are updated in place."""
        return F.batch_norm(x[0], w["mean"], w["var"], w["scale"], w["bias"], training, 0.1, self.epsilon)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        weights = tuple(f"{name}.{role}" for role in ROLES)
        return single("BatchNormalization", name, (*inputs, *weights), {"epsilon": self.epsilon})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        if call.node.integer("training_mode", 0):
            raise ValueError("training_mode must be 0: export the model in evaluation mode")
        shape = call.shape(0)
        if len(shape) < 2:
            raise ValueError(f"needs a batch and channels, got shape {list(shape)}")
        weights = {role: call.weight(i, (shape[1],)) for i, role in enumerate(ROLES, start=1)}
        epsilon = call.node.number("epsilon", 1e-5)
        if (weights["var"] + epsilon <= 0).any():
            raise ValueError("variances must be positive")
        return Imported(cls(epsilon=epsilon), call.values(0), weights)
