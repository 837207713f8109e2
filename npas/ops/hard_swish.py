"""x * hard_sigmoid(x), the friendly stand-in for swish (MobileNet-V3, section 5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise


class HardSwish(Elementwise):
    type: Literal["hard_swish"] = "hard_swish"
    onnx_types: ClassVar[tuple[str, ...]] = ("HardSwish",)
    cpp: ClassVar[str] = "hard_swish(x)"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.hardswish(x[0])
