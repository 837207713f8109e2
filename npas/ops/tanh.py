"""Hyperbolic tangent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Elementwise


class Tanh(Elementwise):
    type: Literal["tanh"] = "tanh"
    onnx_types: ClassVar[tuple[str, ...]] = ("Tanh",)
    cpp: ClassVar[str] = "tanh(x)"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.tanh(x[0])
