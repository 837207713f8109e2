"""Mean over each channel's plane: [N, C, H, W] -> [N, C, 1, 1]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class GlobalAvgPool(Op):
    type: Literal["global_avg_pool"] = "global_avg_pool"
    onnx_types: ClassVar[tuple[str, ...]] = ("GlobalAveragePool",)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        n, c, _, _ = inputs[0]
        return (n, c, 1, 1)

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].mean(dim=(2, 3), keepdim=True)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("GlobalAveragePool", name, inputs)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        call.shape(0, rank=4)
        return Imported(cls(), call.values(0))
