"""Values side by side along one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Op, Shape


class Concat(Op):
    type: Literal["concat"] = "concat"
    axis: int = 1
    arity: ClassVar[int | None] = None

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        first, axis = inputs[0], self.axis % len(inputs[0])
        if any(len(s) != len(first) or s[:axis] + s[axis + 1 :] != first[:axis] + first[axis + 1 :] for s in inputs):
            raise ValueError(f"shapes {inputs} differ outside axis {axis}")
        return (*first[:axis], sum(s[axis] for s in inputs), *first[axis + 1 :])

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return torch.cat(list(x), dim=self.axis)
