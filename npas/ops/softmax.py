"""exp(x) / sum(exp(x)) over the last axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from npas.ops.base import Op, Shape


class Softmax(Op):
    type: Literal["softmax"] = "softmax"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.softmax(x[0], dim=-1)
