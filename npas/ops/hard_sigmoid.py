"""clip(x / 6 + 1/2, 0, 1), the friendly stand-in for sigmoid (MobileNet-V3, section 5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise


class HardSigmoid(Elementwise):
    type: Literal["hard_sigmoid"] = "hard_sigmoid"
    cpp: ClassVar[str] = "hard_sigmoid(x)"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.hardsigmoid(x[0])
