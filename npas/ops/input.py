"""A value that the caller provides."""

from __future__ import annotations

from typing import ClassVar, Literal

from npas.ops.base import Op, Shape


class Input(Op):
    type: Literal["input"] = "input"
    shape: Shape
    arity: ClassVar[int | None] = 0

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return self.shape
