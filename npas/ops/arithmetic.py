"""Functions of two numbers, element by element, with ONNX's broadcasting; sums and products are ``Add`` and ``Mul``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Binary, Shape
from npas.ops.onnx_io import Attribute, Imported, OnnxCall, OnnxPart, single

Function = Literal["sub", "div", "pow", "min", "max", "fmod", "prelu"]

_REFERENCES: Mapping[Function, Callable[[Tensor, Tensor], Tensor]] = {
    "sub": torch.sub,
    "div": torch.div,
    "pow": torch.pow,
    "min": torch.minimum,
    "max": torch.maximum,
    "fmod": torch.fmod,
    "prelu": lambda x, slope: torch.where(x < 0, slope * x, x),
}
_EXPRESSIONS: Mapping[Function, str] = {
    "sub": "{} - {}",
    "div": "{} / {}",
    "pow": "power({}, {})",
    "min": "min({}, {})",
    "max": "max({}, {})",
    "fmod": "remainder_of({}, {})",
    "prelu": "prelu({}, {})",
}
_ONNX: Mapping[Function, str] = {
    "sub": "Sub",
    "div": "Div",
    "pow": "Pow",
    "min": "Min",
    "max": "Max",
    "fmod": "Mod",
    "prelu": "PRelu",
}
_FUNCTIONS: Mapping[str, Function] = {kind: function for function, kind in _ONNX.items() if kind != "Mod"}


class Arithmetic(Binary):
    """``fmod`` has the sign of the first operand; ``prelu``'s second is its slope."""

    type: Literal["arithmetic"] = "arithmetic"
    onnx_types: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys(_ONNX.values()))
    function: Function

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = super().infer(inputs)
        if self.function == "prelu" and shape != inputs[0]:
            raise ValueError(f"a slope of shape {inputs[1]} must fit into {inputs[0]}")
        return shape

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return _REFERENCES[self.function](x[0], x[1])

    def combine(self, a: str, b: str) -> str:
        return _EXPRESSIONS[self.function].format(a, b)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        attributes: dict[str, Attribute] = {"fmod": 1} if self.function == "fmod" else {}
        return single(_ONNX[self.function], name, inputs, attributes)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        node = call.node
        if node.type == "Mod":
            if not node.integer("fmod", 0):
                raise ValueError("fmod must be 1 for floats")
            return Imported(cls(function="fmod"), call.operands(0, 1))
        if len(node.inputs) != 2:
            raise ValueError(f"takes two inputs, got {len(node.inputs)}")
        return Imported(cls(function=_FUNCTIONS[node.type]), call.operands(0, 1))
