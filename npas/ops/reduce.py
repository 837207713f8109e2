"""Sum, mean, largest, least or product of all elements along some axes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Attribute, Imported, OnnxCall, OnnxNode, OnnxPart

Function = Literal["sum", "mean", "max", "min", "prod"]


def _product(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


_REFERENCES: Mapping[Function, Callable[[Tensor, tuple[int, ...], bool], Tensor]] = {
    "sum": torch.sum,
    "mean": torch.mean,
    "max": torch.amax,
    "min": torch.amin,
    "prod": _product,
}


class Reduce(Op):
    """With ``keep`` the axes stay, with one element each. ``axes`` ascend."""

    type: Literal["reduce"] = "reduce"
    onnx_types: ClassVar[tuple[str, ...]] = (
        "ReduceSum",
        "ReduceMean",
        "ReduceMax",
        "ReduceMin",
        "ReduceProd",
        "npas.Reduce",
    )
    function: Function
    axes: tuple[int, ...]
    keep: bool = True

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        if not self.axes or list(self.axes) != sorted({a for a in self.axes if 0 <= a < len(shape)}):
            raise ValueError(f"axes must ascend within {shape}, got {self.axes}")
        if self.keep:
            return tuple(1 if i in self.axes else d for i, d in enumerate(shape))
        return tuple(d for i, d in enumerate(shape) if i not in self.axes)

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return _REFERENCES[self.function](x[0], self.axes, self.keep)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        """In opset 17 the axes of a sum are an input, those of the others an attribute."""
        attributes: dict[str, Attribute] = {"keepdims": int(self.keep)}
        if self.function != "sum":
            node = OnnxNode(f"Reduce{self.function.capitalize()}", inputs, name, attributes | {"axes": self.axes}, name)
            return OnnxPart((node,))
        node = OnnxNode("ReduceSum", (*inputs, f"{name}.axes"), name, attributes, name)
        return OnnxPart((node,), {f"{name}.axes": torch.tensor(self.axes).numpy()})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """``npas.Reduce`` is the frontend's, with our fields."""
        rank, node = len(call.shape(0)), call.node
        if node.type == "npas.Reduce":
            return Imported(cls.model_validate(dict(node.attributes)), call.values(0))
        axes = axes_of(call, rank)
        if not axes:
            if node.integer("noop_with_empty_axes", 0):
                raise ValueError("reduces nothing")
            axes = tuple(range(rank))
        keep = bool(node.integer("keepdims", 1))
        op = cls.model_validate({"function": node.type.removeprefix("Reduce").lower(), "axes": axes, "keep": keep})
        return Imported(op, call.values(0))


def axes_of(call: OnnxCall, rank: int) -> tuple[int, ...] | None:
    """The axes of Squeeze, Unsqueeze or a reduction: an attribute once, an input now; None if absent."""
    if call.has(1):
        found = tuple(int(i) for i in call.constant(1).reshape(-1))
    elif "axes" in call.node.attributes:
        found = call.node.integers("axes")
    else:
        return None
    if any(not -rank <= a < rank for a in found):
        raise ValueError(f"axes must lie within {rank} dimensions, got {list(found)}")
    return tuple(sorted({a % rank for a in found}))
