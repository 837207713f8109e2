"""[N, ...] -> [N, product of the rest]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal

from torch import Tensor

from npas.ops.base import Op, Shape


class Flatten(Op):
    type: Literal["flatten"] = "flatten"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (inputs[0][0], prod(inputs[0][1:]))

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].flatten(1)
