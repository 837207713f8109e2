"""Maximum over sliding windows; padding never wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Attribute, Imported, OnnxCall, OnnxPart, pair, read_pads, single
from npas.ops.window import Pads, window_shape, without_ceil


class MaxPool(Op):
    type: Literal["max_pool"] = "max_pool"
    onnx_types: ClassVar[tuple[str, ...]] = ("MaxPool", "GlobalMaxPool")
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        n, c, h, w = inputs[0]
        return (n, c, *window_shape((h, w), self.kernel, self.stride, self.pads, self.dilation))

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        top, left, bottom, right = self.pads
        image = F.pad(x[0], (left, right, top, bottom), value=float("-inf"))
        return F.max_pool2d(image, self.kernel, self.stride, dilation=self.dilation)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        attributes: dict[str, Attribute] = {
            "kernel_shape": self.kernel,
            "strides": self.stride,
            "pads": self.pads,
            "dilations": self.dilation,
        }
        return single("MaxPool", name, inputs, attributes)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """``ceil_mode`` becomes padding at the far side: shapes that engines infer for it count windows which begin
        there, and are not computed."""
        _, _, height, width = call.shape(0, rank=4)
        node = call.node
        if node.type == "GlobalMaxPool":
            return Imported(cls(kernel=(height, width)), call.values(0))
        if node.integer("storage_order", 0):
            raise ValueError("storage_order must be 0")
        dilation = pair(node.integers("dilations", (1, 1)), "dilations")
        kernel = pair(node.integers("kernel_shape"), "kernel_shape")
        stride = pair(node.integers("strides", (1, 1)), "strides")
        pads = read_pads(node, (height, width), kernel, stride, dilation)
        if any(pads[i] > (kernel[i % 2] - 1) * dilation[i % 2] for i in range(4)):
            raise ValueError(f"pads must be smaller than the kernel {list(kernel)}, got {list(pads)}")
        if node.integer("ceil_mode", 0):
            pads = without_ceil((height, width), kernel, stride, pads, dilation)
        return Imported(cls(kernel=kernel, stride=stride, pads=pads, dilation=dilation), call.values(0))
