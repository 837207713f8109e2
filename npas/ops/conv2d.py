"""Two-dimensional convolution: weight [F, C/groups, Kh, Kw], bias [F]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Attribute, Imported, OnnxCall, OnnxPart, pair, read_pads, single
from npas.ops.window import Pads, window_shape


class Conv2d(Op):
    """Cross-correlation as in ONNX ``Conv``; ``pads`` are (top, left, bottom, right) zeros."""

    type: Literal["conv2d"] = "conv2d"
    onnx_types: ClassVar[tuple[str, ...]] = ("Conv",)
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

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        weights = (f"{name}.weight", f"{name}.bias") if self.bias else (f"{name}.weight",)
        attributes: dict[str, Attribute] = {
            "kernel_shape": self.kernel,
            "strides": self.stride,
            "pads": self.pads,
            "dilations": self.dilation,
            "group": self.groups,
        }
        return single("Conv", name, (*inputs, *weights), attributes)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        _, channels, *size = call.shape(0, rank=4)
        weight, node = call.weight(1), call.node
        if weight.ndim != 4 or 0 in weight.shape:
            raise ValueError(f"weight must be [filters, channels, height, width], got {list(weight.shape)}")
        filters, per_group, *kernel = weight.shape
        groups = node.integer("group", 1)
        if groups < 1 or per_group * groups != channels:
            raise ValueError(f"weight {list(weight.shape)} in {groups} groups does not fit {channels} channels")
        if node.integers("kernel_shape", tuple(kernel)) != tuple(kernel):
            raise ValueError(f"kernel_shape must be the weight's {kernel}, got {list(node.integers('kernel_shape'))}")
        k, stride = (kernel[0], kernel[1]), pair(node.integers("strides", (1, 1)), "strides")
        dilation = pair(node.integers("dilations", (1, 1)), "dilations")
        pads = read_pads(node, (size[0], size[1]), k, stride, dilation)
        op = cls(
            filters=filters, kernel=k, stride=stride, pads=pads, dilation=dilation, groups=groups, bias=call.has(2)
        )
        bias = {"bias": call.weight(2, (filters,))} if call.has(2) else {}
        return Imported(op, call.values(0), {"weight": weight} | bias)
