"""max(x, 0)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Elementwise


class Relu(Elementwise):
    type: Literal["relu"] = "relu"
    onnx_types: ClassVar[tuple[str, ...]] = ("Relu",)
    cpp: ClassVar[str] = "relu(x)"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.relu(x[0])
