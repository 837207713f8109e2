"""Fully connected layer: weight [F, C], bias [F]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape


class Linear(Op):
    type: Literal["linear"] = "linear"
    filters: int
    bias: bool = True

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if len(inputs[0]) < 2:
            raise ValueError(f"needs a batch and features, got shape {inputs[0]}")
        return (*inputs[0][:-1], self.filters)

    def parameters(self, inputs: tuple[Shape, ...]) -> dict[str, Shape]:
        weight: dict[str, Shape] = {"weight": (self.filters, inputs[0][-1])}
        return weight | ({"bias": (self.filters,)} if self.bias else {})

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.linear(x[0], w["weight"], w.get("bias"))

    def macs(self, inputs: tuple[Shape, ...]) -> int:
        return prod(inputs[0][1:]) * self.filters
