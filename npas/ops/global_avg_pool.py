"""Mean over each channel's plane: [N, C, H, W] -> [N, C, 1, 1]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from torch import Tensor

from npas.ops.base import Op, Shape


class GlobalAvgPool(Op):
    type: Literal["global_avg_pool"] = "global_avg_pool"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        n, c, _, _ = inputs[0]
        return (n, c, 1, 1)

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].mean(dim=(2, 3), keepdim=True)
