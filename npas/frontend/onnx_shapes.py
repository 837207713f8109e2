"""Shapes of the operators of ONNX that have none of ours: layout, reductions, element-wise ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from npas.ops.base import Shape
from npas.ops.onnx_io import OnnxCall
from npas.ops.pad import pad_amounts
from npas.ops.reduce import axes_of
from npas.ops.slice import sliced_axes

UNARY = frozenset({"Identity", "Erf", "Sqrt", "Neg", "Abs", "Exp", "Cast", "Reciprocal", "Dropout", "Softplus"})
BINARY = frozenset({"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum"})


def _reshape(call: OnnxCall) -> Shape:
    shape = call.shape(0)
    wanted = [int(i) for i in call.constant(1).reshape(-1)]
    if not call.node.integer("allowzero", 0):
        wanted = [shape[i] if d == 0 else d for i, d in enumerate(wanted)]
    if wanted.count(-1) > 1 or any(d < -1 for d in wanted):
        raise ValueError(f"cannot reshape to {wanted}")
    if -1 in wanted:
        rest = prod(d for d in wanted if d != -1)
        wanted[wanted.index(-1)] = prod(shape) // rest if rest else 0
    if prod(wanted) != prod(shape):
        raise ValueError(f"cannot reshape {list(shape)} to {wanted}")
    return tuple(wanted)


def _flatten(call: OnnxCall) -> Shape:
    shape, axis = call.shape(0), call.node.integer("axis", 1)
    axis = axis % len(shape) if axis < 0 else axis
    return (prod(shape[:axis]), prod(shape[axis:]))


def _squeeze(call: OnnxCall) -> Shape:
    shape = call.shape(0)
    axes = axes_of(call, len(shape))
    return tuple(d for i, d in enumerate(shape) if not (d == 1 if axes is None else i in axes))


def _unsqueeze(call: OnnxCall) -> Shape:
    shape = list(call.shape(0))
    count = call.constant(1).size if call.has(1) else len(call.node.integers("axes"))
    for axis in axes_of(call, len(shape) + count) or ():
        shape.insert(axis, 1)
    return tuple(shape)


def _transpose(call: OnnxCall) -> Shape:
    shape = call.shape(0)
    return tuple(shape[i] for i in call.node.integers("perm", tuple(reversed(range(len(shape))))))


def _reduce(call: OnnxCall) -> Shape:
    shape = call.shape(0)
    axes = axes_of(call, len(shape))
    if not axes:
        axes = () if call.node.integer("noop_with_empty_axes", 0) else tuple(range(len(shape)))
    if call.node.integer("keepdims", 1):
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes)


def _pad(call: OnnxCall) -> Shape:
    shape, pads = call.shape(0), pad_amounts(call)
    return tuple(d + pads[i] + pads[i + len(shape)] for i, d in enumerate(shape))


def _slice(call: OnnxCall) -> Shape:
    shape, taken = call.shape(0), sliced_axes(call)
    return tuple(len(taken[i]) if i in taken else d for i, d in enumerate(shape))


LAYOUT: Mapping[str, Callable[[OnnxCall], Shape]] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "ReduceMean": _reduce,
    "Pad": _pad,
    "Slice": _slice,
}
