"""Maximum over sliding windows; padding never wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.window import Pads, window_shape


class MaxPool(Op):
    type: Literal["max_pool"] = "max_pool"
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    ceil: bool = False

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        n, c, h, w = inputs[0]
        return (n, c, *window_shape((h, w), self.kernel, self.stride, self.pads, ceil=self.ceil))

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        top, left, bottom, right = self.pads
        image = F.pad(x[0], (left, right, top, bottom), value=float("-inf"))
        return F.max_pool2d(image, self.kernel, self.stride, ceil_mode=self.ceil)
