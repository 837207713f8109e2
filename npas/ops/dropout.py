"""Random zeros in training, nothing at inference (a pass removes it before lowering)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape


class Dropout(Op):
    type: Literal["dropout"] = "dropout"
    probability: float = 0.5

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.dropout(x[0], self.probability, training)
