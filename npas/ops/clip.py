"""min(max(x, low), high); ReLU6 is clip(0, 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from npas.ops.base import Elementwise


class Clip(Elementwise):
    type: Literal["clip"] = "clip"
    low: float = 0.0
    high: float = 6.0

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.clamp(x[0], self.low, self.high)

    def expression(self) -> str:
        return f"clip(x, {self.low!r}f, {self.high!r}f)"
