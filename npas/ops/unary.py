"""Functions of one number, element by element, that have no fields: ``abs``, ``exp``, ``sqrt``, ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Elementwise
from npas.ops.onnx_io import Imported, OnnxCall, OnnxPart, single

Function = Literal[
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "ceil",
    "cos",
    "cosh",
    "erf",
    "exp",
    "floor",
    "log",
    "neg",
    "reciprocal",
    "round",
    "sign",
    "sin",
    "sinh",
    "softplus",
    "softsign",
    "sqrt",
    "tan",
]

_REFERENCES: Mapping[Function, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "acos": torch.acos,
    "acosh": torch.acosh,
    "asin": torch.asin,
    "asinh": torch.asinh,
    "atan": torch.atan,
    "atanh": torch.atanh,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "cosh": torch.cosh,
    "erf": torch.erf,
    "exp": torch.exp,
    "floor": torch.floor,
    "log": torch.log,
    "neg": torch.neg,
    "reciprocal": torch.reciprocal,
    "round": torch.round,
    "sign": torch.sign,
    "sin": torch.sin,
    "sinh": torch.sinh,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "sqrt": torch.sqrt,
    "tan": torch.tan,
}


class Unary(Elementwise):
    """``round`` goes to the even neighbour from halves, as IEEE 754, ONNX and torch have it."""

    type: Literal["unary"] = "unary"
    function: Function
    onnx_types: ClassVar[tuple[str, ...]] = tuple(name.capitalize() for name in get_args(Function))

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return _REFERENCES[self.function](x[0])

    def expression(self) -> str:
        return "exponential(x)" if self.function == "exp" else f"{self.function}(x)"

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[tuple[int, ...], ...]) -> OnnxPart:
        return single(self.function.capitalize(), name, inputs)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        return Imported(cls.model_validate({"function": call.node.type.lower()}), call.values(0))
