"""Mean over sliding windows, with the padding counted or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.window import Pads, window_shape


class AvgPool(Op):
    type: Literal["avg_pool"] = "avg_pool"
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    count_pads: bool = False

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        n, c, h, w = inputs[0]
        return (n, c, *window_shape((h, w), self.kernel, self.stride, self.pads))

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        top, left, bottom, right = self.pads
        pads = (left, right, top, bottom)
        total = F.avg_pool2d(F.pad(x[0], pads), self.kernel, self.stride, divisor_override=1)
        if self.count_pads:
            return total / (self.kernel[0] * self.kernel[1])
        ones = F.pad(torch.ones_like(x[0][:1, :1]), pads)
        return total / F.avg_pool2d(ones, self.kernel, self.stride, divisor_override=1)
