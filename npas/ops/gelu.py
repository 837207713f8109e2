"""x * Phi(x), with the normal distribution's Phi or its tanh approximation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise


class Gelu(Elementwise):
    type: Literal["gelu"] = "gelu"
    approximate: Literal["none", "tanh"] = "none"

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.gelu(x[0], approximate=self.approximate)

    def expression(self) -> str:
        return "gelu(x)" if self.approximate == "none" else "gelu_tanh(x)"
