"""clip(x / 6 + 1/2, 0, 1), the friendly stand-in for sigmoid (MobileNet-V3, section 5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class HardSigmoid(Elementwise):
    type: Literal["hard_sigmoid"] = "hard_sigmoid"
    onnx_types: ClassVar[tuple[str, ...]] = ("HardSigmoid",)
    cpp: ClassVar[str] = "hard_sigmoid(x)"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.hardsigmoid(x[0])

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("HardSigmoid", name, inputs, {"alpha": 1 / 6, "beta": 0.5})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        alpha, beta = call.node.number("alpha", 0.2), call.node.number("beta", 0.5)
        if abs(alpha - 1 / 6) > 1e-6 or abs(beta - 0.5) > 1e-6:
            raise ValueError(f"alpha and beta must be 1/6 and 0.5, got {alpha:g} and {beta:g}")
        return Imported(cls(), call.values(0))
