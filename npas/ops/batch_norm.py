"""Batch normalisation over channels: scale, bias, mean and var, [C] each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape


class BatchNorm(Op):
    type: Literal["batch_norm"] = "batch_norm"
    epsilon: float = 1e-5

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def parameters(self, inputs: tuple[Shape, ...]) -> dict[str, Shape]:
        return {role: (inputs[0][1],) for role in ("scale", "bias", "mean", "var")}

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        """In training the batch's own statistics are used and ``mean``/``var`` are updated in place."""
        return F.batch_norm(x[0], w["mean"], w["var"], w["scale"], w["bias"], training, 0.1, self.epsilon)
