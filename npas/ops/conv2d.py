"""Two-dimensional convolution: weight [F, C/groups, Kh, Kw], bias [F]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.window import Pads, window_shape


class Conv2d(Op):
    """Cross-correlation as in ONNX ``Conv``; ``pads`` are (top, left, bottom, right) zeros."""

    type: Literal["conv2d"] = "conv2d"
    filters: int
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    bias: bool = False

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        n, c, h, w = inputs[0]
        if c % self.groups or self.filters % self.groups:
            raise ValueError(f"{c} channels and {self.filters} filters do not divide into {self.groups} groups")
        return (n, self.filters, *window_shape((h, w), self.kernel, self.stride, self.pads, self.dilation))

    def parameters(self, inputs: tuple[Shape, ...]) -> dict[str, Shape]:
        weight = {"weight": (self.filters, inputs[0][1] // self.groups, *self.kernel)}
        return weight | ({"bias": (self.filters,)} if self.bias else {})

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        top, left, bottom, right = self.pads
        symmetric = top == bottom and left == right
        image = x[0] if symmetric else F.pad(x[0], (left, right, top, bottom))
        padding = (top, left) if symmetric else (0, 0)
        return F.conv2d(image, w["weight"], w.get("bias"), self.stride, padding, self.dilation, self.groups)

    def macs(self, inputs: tuple[Shape, ...]) -> int:
        return prod(self.infer(inputs)[1:]) * inputs[0][1] // self.groups * prod(self.kernel)

    def is_depthwise(self, channels: int) -> bool:
        """One filter per input channel."""
        return self.groups == channels == self.filters and self.groups > 1
