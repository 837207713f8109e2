"""1 / (1 + exp(-x))."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Elementwise


class Sigmoid(Elementwise):
    type: Literal["sigmoid"] = "sigmoid"
    onnx_types: ClassVar[tuple[str, ...]] = ("Sigmoid",)
    cpp: ClassVar[str] = "sigmoid(x)"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.sigmoid(x[0])
