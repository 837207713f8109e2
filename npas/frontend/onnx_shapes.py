"""Shapes of the operators of ONNX that have none of ours: layout, reductions, element-wise ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from npas.ops.base import Shape
from npas.ops.onnx_io import OnnxCall

UNARY = frozenset({"Identity", "Erf", "Sqrt", "Neg", "Abs", "Exp", "Cast", "Reciprocal", "Dropout", "Softplus"})
BINARY = frozenset({"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum"})


def axes_of(call: OnnxCall, rank: int) -> tuple[int, ...] | None:
    """The axes of Squeeze, Unsqueeze, Pad or a reduction: an attribute once, an input now; None if absent."""
    if call.has(1):
        found = tuple(int(i) for i in call.constant(1).reshape(-1))
    elif "axes" in call.node.attributes:
        found = call.node.integers("axes")
    else:
        return None
    if any(not -rank <= a < rank for a in found):
        raise ValueError(f"axes must lie within {rank} dimensions, got {list(found)}")
    return tuple(sorted({a % rank for a in found}))


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


def pad_amounts(call: OnnxCall) -> tuple[int, ...]:
    """Begin of every axis, then end of every axis, as opset 11 has it for all axes."""
    rank = len(call.shape(0))
    pads = tuple(int(i) for i in call.constant(1).reshape(-1)) if call.opset >= 11 else call.node.integers("pads")
    axes = tuple(int(a) % rank for a in call.constant(3).reshape(-1)) if call.has(3) else tuple(range(rank))
    if len(pads) != 2 * len(axes):
        raise ValueError(f"pads must be {2 * len(axes)} numbers, got {len(pads)}")
    begin, end = dict(zip(axes, pads, strict=False)), dict(zip(axes, pads[len(axes) :], strict=True))
    return tuple(side.get(i, 0) for side in (begin, end) for i in range(rank))


def _pad(call: OnnxCall) -> Shape:
    shape, pads = call.shape(0), pad_amounts(call)
    return tuple(d + pads[i] + pads[i + len(shape)] for i, d in enumerate(shape))


LAYOUT: Mapping[str, Callable[[OnnxCall], Shape]] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "ReduceMean": _reduce,
    "Pad": _pad,
}
