"""An array of the network's own, where it is no operator's weight: ``value``, of any shape, batch or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import OnnxPart, single


class Constant(Op):
    """Operators broadcast it against what they read, so that it is the same for every image of a batch."""

    type: Literal["constant"] = "constant"
    arity: ClassVar[int | None] = 0
    shape: Shape

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return self.shape

    def parameters(self, inputs: tuple[Shape, ...]) -> dict[str, Shape]:
        return {"value": self.shape}

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return w["value"]

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("Identity", name, (f"{name}.value",))
