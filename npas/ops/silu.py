"""x * sigmoid(x), also called swish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise


class Silu(Elementwise):
    type: Literal["silu"] = "silu"
    cpp: ClassVar[str] = "silu(x)"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.silu(x[0])
