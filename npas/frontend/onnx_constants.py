"""Operators of ONNX on constants, for the shape arithmetic that exporters write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from npas.frontend.onnx_shapes import LAYOUT
from npas.ops.base import Shape
from npas.ops.broadcast import broadcast_shape
from npas.ops.onnx_io import AnyArray, OnnxCall
from npas.ops.reduce import axes_of
from npas.ops.slice import sliced_axes

LIMIT = 1 << 28
"""Elements of a folded constant: a small file must not ask for a large array."""

DTYPES: Mapping[int, type] = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_, 10: np.float16, 11: np.float64}


def _literal(call: OnnxCall) -> AnyArray:
    attributes = call.node.attributes
    for key, dtype in (("value_float", np.float32), ("value_int", np.int64)):
        for name in (key, key + "s"):
            if name in attributes:
                return np.array(attributes[name], dtype)
    value = attributes["value"]
    if not isinstance(value, np.ndarray):
        raise ValueError("value must be a tensor")
    return value


def _limited(shape: Shape) -> Shape:
    if prod(shape) > LIMIT or any(d < 0 for d in shape):
        raise ValueError(f"a constant of shape {shape} is too large")
    return shape


def _binary(function: Callable[..., AnyArray]) -> Callable[[OnnxCall], AnyArray]:
    def rule(call: OnnxCall) -> AnyArray:
        a, b = call.constant(0), call.constant(1)
        _limited(broadcast_shape(a.shape, b.shape))
        with np.errstate(all="ignore"):
            return np.asarray(function(a, b), a.dtype if function in KEEPS_TYPE else None)

    return rule


def _divide(a: AnyArray, b: AnyArray) -> AnyArray:
    """Integers divide towards zero, as in C."""
    if a.dtype.kind not in "iu":
        return np.asarray(a / b)
    if (b == 0).any():
        raise ValueError("division by zero")
    return np.asarray(np.trunc(a / b), a.dtype)


KEEPS_TYPE = (np.add, np.subtract, np.multiply, np.power, _divide)


def _slice(call: OnnxCall) -> AnyArray:
    data = call.constant(0)
    for axis, taken in sliced_axes(call).items():
        data = np.take(data, np.array(taken, np.int64), axis)
    return data


def _concat(call: OnnxCall) -> AnyArray:
    parts = [call.constant(i) for i in range(len(call.node.inputs))]
    _limited((sum(p.size for p in parts),))
    return np.concatenate(parts, call.node.integer("axis", 1))


def _reduce_prod(call: OnnxCall) -> AnyArray:
    data = call.constant(0)
    return np.asarray(np.prod(data, axis=axes_of(call, data.ndim), keepdims=bool(call.node.integer("keepdims", 1))))


def _cast(call: OnnxCall) -> AnyArray:
    return call.constant(0).astype(DTYPES[call.node.integer("to", 1)])


def _cast_like(call: OnnxCall) -> AnyArray:
    """To the type of the second input; what the network computes is float32."""
    like = call.constants[1]
    return call.constant(0).astype(np.float32 if like is None else like.dtype)


def _filled(call: OnnxCall) -> AnyArray:
    value = call.node.attributes.get("value", np.zeros(1, np.float32))
    if not isinstance(value, np.ndarray) or value.size != 1:
        raise ValueError("value must be one element")
    return np.full(_limited(tuple(int(d) for d in call.constant(0))), value.reshape(()), value.dtype)


def _expand(call: OnnxCall) -> AnyArray:
    data = call.constant(0)
    return np.broadcast_to(data, _limited(broadcast_shape(data.shape, tuple(int(d) for d in call.constant(1))))).copy()


def _range(call: OnnxCall) -> AnyArray:
    start, limit, step = (call.constant(i).reshape(()) for i in range(3))
    if step == 0:
        raise ValueError("step must not be 0")
    (count,) = _limited((max(0, int(np.ceil((limit - start) / step))),))
    return np.asarray(start + np.arange(count).astype(start.dtype) * step)


def _shape(call: OnnxCall) -> AnyArray:
    shape = call.shape(0)
    return np.array(shape[call.node.integer("start", 0) : call.node.integer("end", len(shape))], np.int64)


def _gather(call: OnnxCall) -> AnyArray:
    data, index = call.constant(0), call.constant(1)
    _limited((index.size, data.size // max(1, data.shape[call.node.integer("axis", 0)])))
    return np.asarray(np.take(data, index, call.node.integer("axis", 0)))


FOLDABLE: Mapping[str, Callable[[OnnxCall], AnyArray]] = {
    "Constant": _literal,
    "Shape": _shape,
    "Size": lambda call: np.array(prod(call.shape(0)), np.int64),
    "Identity": lambda call: call.constant(0),
    "Cast": _cast,
    "CastLike": _cast_like,
    "Gather": _gather,
    "Slice": _slice,
    "Concat": _concat,
    "ConstantOfShape": _filled,
    "Expand": _expand,
    "Reshape": lambda call: call.constant(0).reshape(LAYOUT["Reshape"](call)),
    "Flatten": lambda call: call.constant(0).reshape(LAYOUT["Flatten"](call)),
    "Squeeze": lambda call: call.constant(0).reshape(LAYOUT["Squeeze"](call)),
    "Unsqueeze": lambda call: call.constant(0).reshape(LAYOUT["Unsqueeze"](call)),
    "Transpose": lambda call: call.constant(0).transpose(call.node.integers("perm") or None),
    "Range": _range,
    "ReduceProd": _reduce_prod,
    "Sqrt": lambda call: np.sqrt(call.constant(0)),
    "Neg": lambda call: np.negative(call.constant(0)),
    "Reciprocal": lambda call: np.reciprocal(call.constant(0)),
    "Floor": lambda call: np.floor(call.constant(0)),
    "Add": _binary(np.add),
    "Sub": _binary(np.subtract),
    "Mul": _binary(np.multiply),
    "Div": _binary(_divide),
    "Pow": _binary(np.power),
    "Equal": _binary(np.equal),
    "Where": lambda call: np.where(call.constant(0), call.constant(1), call.constant(2)),
}
"""Operators on constants; ``folding.fold`` asks them only where every input is one."""
