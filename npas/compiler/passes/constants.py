"""Which channels of which values are the same number at every pixel and for every input.

| symbol | meaning                                                    | shape |
| ------ | ---------------------------------------------------------- | ----- |
| k      | constant of each channel of a value, NaN where not constant | [C] |
| W, b   | weight and bias of a layer                                 | [F, C/groups, ...], [F] |

A zero channel is the constant 0. Values are taken to be finite, so 0 times anything is 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from npas.compiler.passes.rewire import channels_of
from npas.graph.graph import Array, Network, Node
from npas.ops import (
    Add,
    AvgPool,
    BatchNorm,
    Concat,
    Conv2d,
    Dropout,
    Elementwise,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool,
    Mul,
)
from npas.ops.base import Shape

Constants = NDArray[np.float64]


def channel_constants(network: Network) -> Mapping[str, Constants]:
    """Per value, the constant of each channel (axis 1), NaN where the channel varies or is not understood."""
    known: dict[str, Constants] = {}
    for node in network.graph.nodes:
        inputs = [known[name] for name in node.inputs]
        k = _constants(network, node, inputs)
        known[node.name] = np.full(channels_of(network.graph.shapes[node.name]), np.nan) if k is None else k
    return known


def absorbable(op: Conv2d | Linear, k: Constants) -> NDArray[np.bool_]:
    """Where a constant input channel only adds a number to the layer's bias, exactly: [C].

    Zero padding breaks this for every constant but 0, since the border sees fewer copies of it.
    """
    padded = isinstance(op, Conv2d) and any(op.pads)
    usable: NDArray[np.bool_] = k == 0 if padded else ~np.isnan(k)
    return usable


def column_sums(weight: Array, columns: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sum over the kernel of the chosen input channels' weights, in float64: [F, chosen]."""
    kernel = tuple(range(2, weight.ndim))
    chosen: NDArray[np.float64] = weight[:, columns].sum(axis=kernel, dtype=np.float64)
    return chosen


def _constants(network: Network, node: Node, inputs: list[Constants]) -> Constants | None:
    shapes = network.graph.input_shapes(node)
    match node.op:
        case Conv2d():
            return _layer(node.op, network.params(node), inputs[0])
        case Linear() if len(shapes[0]) == 2:
            return _layer(node.op, network.params(node), inputs[0])
        case BatchNorm():
            return _batch_norm(node.op, network.params(node), inputs[0])
        case Elementwise():
            return _elementwise(node.op, inputs[0])
        case Dropout() | GlobalAvgPool():
            return inputs[0]
        case MaxPool() | AvgPool():
            return _pool(node.op, inputs[0])
        case Flatten():
            return np.repeat(inputs[0], int(np.prod(shapes[0][2:])))
        case Concat():
            return _concat(node.op, shapes, inputs)
        case Add() | Mul() if len(shapes[0]) == len(shapes[1]):
            return _combine(node.op, *inputs)
        case _:
            return None


def _layer(op: Conv2d | Linear, w: Mapping[str, Array], k: Constants) -> Constants:
    """A filter is constant where every input that it has a weight for is, and can be absorbed."""
    weight = w["weight"]
    filters = len(weight)
    groups = op.groups if isinstance(op, Conv2d) else 1
    # What each filter reads, [F, C/groups]; one row serves all where there is one group.
    reads = k.reshape(groups, -1) if groups == 1 else k.reshape(groups, -1).repeat(filters // groups, axis=0)
    usable = absorbable(op, reads)
    needed = (weight != 0).reshape(filters, usable.shape[1], -1) & ~usable[:, :, None]
    constant = ~needed.reshape(filters, -1).any(axis=1)
    total = w["bias"].astype(np.float64) if op.bias else np.zeros(filters)
    carried = np.where(usable, reads, 0.0)
    columns: NDArray[np.bool_] = np.asarray(carried.any(axis=0))
    if columns.any():
        total = total + (column_sums(weight, columns) * carried[:, columns]).sum(axis=1)
    return np.where(constant, total, np.nan)


def _batch_norm(op: BatchNorm, w: Mapping[str, Array], k: Constants) -> Constants:
    """A channel of scale 0 is constant whatever comes in."""
    f64 = {role: array.astype(np.float64) for role, array in w.items()}
    scale = f64["scale"] / np.sqrt(f64["var"] + op.epsilon)
    return np.where(scale == 0, f64["bias"], (k - f64["mean"]) * scale + f64["bias"])


def _elementwise(op: Elementwise, k: Constants) -> Constants:
    out = np.full_like(k, np.nan)
    where = ~np.isnan(k)
    out[where] = op.reference([torch.from_numpy(k[where])], {}).numpy()
    return out


def _pool(op: MaxPool | AvgPool, k: Constants) -> Constants | None:
    """Padding never wins a maximum, nor counts in a mean unless ``count_pads``, if no window is all padding."""
    if any(pad >= size for pad, size in zip(op.pads, op.kernel * 2, strict=True)):
        return None
    if isinstance(op, AvgPool) and op.count_pads and any(op.pads):
        return np.where(k == 0, 0.0, np.nan)
    return k


def _concat(op: Concat, shapes: tuple[Shape, ...], inputs: list[Constants]) -> Constants:
    if op.axis % len(shapes[0]) == 1:
        return np.concatenate(inputs)
    same = np.all([k == inputs[0] for k in inputs], axis=0)
    return np.where(same, inputs[0], np.nan)


def _combine(op: Add | Mul, a: Constants, b: Constants) -> Constants:
    if isinstance(op, Add):
        return a + b
    return np.where((a == 0) | (b == 0), 0.0, a * b)
