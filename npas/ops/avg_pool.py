"""Mean over sliding windows, with the padding counted or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Attribute, Imported, OnnxCall, OnnxPart, pair, read_pads, single
from npas.ops.window import Pads, window_shape, without_ceil


class AvgPool(Op):
    type: Literal["avg_pool"] = "avg_pool"
    onnx_types: ClassVar[tuple[str, ...]] = ("AveragePool",)
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

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        attributes: dict[str, Attribute] = {
            "kernel_shape": self.kernel,
            "strides": self.stride,
            "pads": self.pads,
            "count_include_pad": int(self.count_pads),
        }
        return single("AveragePool", name, inputs, attributes)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """``ceil_mode`` becomes padding at the far side, which is the same as long as padding is not counted."""
        _, _, height, width = call.shape(0, rank=4)
        node, size = call.node, (height, width)
        if set(node.integers("dilations", (1, 1))) != {1}:
            raise ValueError(f"dilations must be 1, got {list(node.integers('dilations'))}")
        kernel = pair(node.integers("kernel_shape"), "kernel_shape")
        stride = pair(node.integers("strides", (1, 1)), "strides")
        pads = read_pads(node, size, kernel, stride, (1, 1))
        count = bool(node.integer("count_include_pad", 0)) and any(pads)
        if node.integer("ceil_mode", 0):
            wider = without_ceil(size, kernel, stride, pads)
            if wider != pads and count:
                raise ValueError("ceil_mode with counted padding is not supported")
            pads = wider
        if any(pads[i] >= kernel[i % 2] for i in range(4)):
            raise ValueError(f"pads must be smaller than the kernel {list(kernel)}, got {list(pads)}")
        return Imported(cls(kernel=kernel, stride=stride, pads=pads, count_pads=count), call.values(0))
