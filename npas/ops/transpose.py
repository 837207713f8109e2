"""The axes in another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single


class Transpose(Op):
    """Axis i of the result is axis ``order[i]`` of the input."""

    type: Literal["transpose"] = "transpose"
    onnx_types: ClassVar[tuple[str, ...]] = ("Transpose",)
    order: tuple[int, ...]

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if sorted(self.order) != list(range(len(inputs[0]))):
            raise ValueError(f"order must name each axis of {inputs[0]} once, got {self.order}")
        return tuple(inputs[0][i] for i in self.order)

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return x[0].permute(self.order)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        return single("Transpose", name, inputs, {"perm": self.order})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        rank = len(call.shape(0))
        order = call.node.integers("perm", tuple(reversed(range(rank))))
        return Imported(cls(order=order), call.values(0))
