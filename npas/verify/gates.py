"""What a part may differ by.

| symbol | meaning |
| --- | --- |
| u | half the distance from 1 to the next float32, 2^-24 |
| S | sum of abs(w) abs(x) + abs(b), per output element: the size of what was added up |
| y | the result in float64 |

Direct kernels: error at most 8 u S for the sum (any order of K terms stays below 3 u S in practice), and a few
units of the result for what follows it; Winograd's tiles of 4, 6 and 8 pixels a side: 8, 128 and 256 u times the
largest S of the channel. On small integers every product and sum of a direct kernel is exact, so there the gate is
equality: a wrong index cannot hide behind a tolerance.

Where values are stored in half precision a result may differ by its rounding too, once or twice; equality is with the
rounded result. Where convolutions multiply in it, their u is that of half precision, 2^-11.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from npas.graph.graph import Network, Node
from npas.ops import (
    Add,
    Arithmetic,
    Clip,
    Concat,
    Constant,
    Conv2d,
    Elementwise,
    Expand,
    Flatten,
    Gather,
    Linear,
    MatMul,
    MaxPool,
    Mul,
    Normalize,
    Op,
    Pad,
    Reduce,
    Relu,
    Resample,
    Reshape,
    Slice,
    Transpose,
)
from npas.spec.schema import Storage
from npas.verify.reference import Doubles, apply, magnitude

UNIT = 2.0**-24
HALF_UNIT = 2.0**-11
HALF_LEAST = 2.0**-24
"""The least number above zero in half precision."""
_SUM_UNITS = {0: 8.0, 4: 8.0, 6: 128.0, 8: 256.0}
"""By the side of a tile of Winograd's method; 0 is a direct sum."""
RESULT_UNITS = 64.0
"""For activations and divisions: sigmoid is allowed 34 ulp, pooling adds up to a plane of values."""

LEAST = float(np.finfo(np.float32).tiny)
"""The least normal number: what is smaller may vanish."""

SUMS = (MatMul, Resample)
"""Sums of products without weights."""
MOVES = (Constant, Concat, Expand, Flatten, Gather, Pad, Reshape, Slice, Transpose)
EXACT = (*MOVES, Add, Clip, Conv2d, Linear, MatMul, MaxPool, Mul, Relu)
"""Operators that give integers for integers; some others do with some functions."""
EXACT_FUNCTIONS = {Arithmetic: ("sub", "min", "max"), Reduce: ("sum", "max", "min")}


def part_reference(
    network: Network,
    nodes: list[Node],
    given: Mapping[str, Doubles],
    *,
    winograd: int = 0,
    products: Storage = "fp32",
    values: Storage = "fp32",
) -> tuple[Doubles, Doubles]:
    """A part's result in float64 from its inputs, and the gate for each element.

    ``winograd`` is the side of the tiles of a part that is computed by that method, or 0; ``products`` is in what its
    convolution multiplies, ``values`` how its result is stored.
    """
    unit = HALF_UNIT if products == "fp16" else UNIT
    known = {name: torch.from_numpy(value) for name, value in given.items()}
    slack = torch.zeros(1, dtype=torch.float64)
    result = slack
    for node in nodes:
        inputs = [known[i] for i in node.inputs]
        result = apply(network, node, inputs)
        if isinstance(node.op, Conv2d | Linear):
            size = magnitude(network, node, inputs)
            if winograd:  # every output of a tile depends on all of its inputs, which cancel but for rounding
                size = size.amax(dim=(2, 3), keepdim=True).expand_as(size)
            carried = _carried(network, node, slack, inputs[0]) if slack.any() else 0.0
            slack = _SUM_UNITS[winograd] * unit * size + carried
            if products == "fp16":  # each product may be next to nothing
                slack = slack + HALF_LEAST * network.weights[f"{node.name}.weight"][0].size
        elif isinstance(node.op, Add | Mul):
            factor = 1.0 if isinstance(node.op, Add) else max(float(x.abs().max()) for x in inputs)
            slack = slack * factor + RESULT_UNITS * UNIT * sum(x.abs() for x in inputs)
        elif isinstance(node.op, MOVES) and not slack.any():
            slack = torch.zeros(1, dtype=torch.float64)
        elif isinstance(node.op, Elementwise) and slack.any():
            # What an error of the input becomes: a step to either side says it, and half as much again for the bend.
            sides = [(apply(network, node, [inputs[0] + step]) - result).abs() for step in (slack, -slack)]
            slack = 1.5 * torch.maximum(*sides).nan_to_num(torch.inf) + RESULT_UNITS * UNIT * _size(
                node.op, inputs, result
            )
        else:
            slack = slack.max() + RESULT_UNITS * UNIT * _size(node.op, inputs, result)
        known[node.name] = result
    stored = 2 * HALF_UNIT * result.nan_to_num(0.0, 0.0, 0.0).abs() + HALF_LEAST if values == "fp16" else LEAST
    return result.numpy(), np.broadcast_to(slack.numpy(), result.shape) + np.asarray(stored)


def as_stored(values: Doubles, storage: Storage) -> Doubles:
    """Numbers as a program stores them; what is too large for half precision becomes infinite there."""
    with np.errstate(over="ignore"):
        return values.astype(np.float16 if storage == "fp16" else np.float32).astype(np.float64)


def _size(op: Op, inputs: list[torch.Tensor], result: torch.Tensor) -> torch.Tensor | float:
    """What the rounding of a result is measured in: sums may be larger than what is left of them, and a function of
    almost nothing larger than that (a sigmoid's is a half)."""
    if isinstance(op, SUMS) or (isinstance(op, Reduce) and op.function in ("sum", "mean")):
        whole = [x.abs() for x in inputs]
        op = op.model_copy(update={"weights": tuple(map(abs, op.weights))}) if isinstance(op, Resample) else op
        return op.reference(whole, {})
    if isinstance(op, Normalize):
        (x,) = inputs
        axes = tuple(range(op.axis, x.ndim))
        deviation = (x.var(dim=axes, correction=0, keepdim=True) + op.epsilon).sqrt()
        return x.abs().amax(dim=axes, keepdim=True) / deviation
    return max(float(x.nan_to_num(0.0, 0.0, 0.0).abs().max()) for x in (*inputs, result))


def _carried(network: Network, node: Node, slack: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """What an error of the input becomes at most: the weights' magnitudes times it."""
    spread = slack.expand_as(like)
    return magnitude(network, node, [spread]) - magnitude(network, node, [torch.zeros_like(like)])


def is_exact(nodes: list[Node]) -> bool:
    """Whether a part of these nodes gives integers for integers."""
    return all(
        (isinstance(node.op, EXACT) or getattr(node.op, "function", "") in EXACT_FUNCTIONS.get(type(node.op), ()))
        and not (isinstance(node.op, Clip) and not (node.op.low.is_integer() and node.op.high.is_integer()))
        for node in nodes
    )


def integer_network(network: Network, generator: np.random.Generator) -> Network:
    """The same network with small integer weights wherever it has a weight at all: zeros stay zeros."""
    weights = {}
    for name, weight in network.weights.items():
        drawn = generator.integers(1, 4, weight.shape) * generator.choice([-1, 1], weight.shape)
        weights[name] = np.where(weight != 0, drawn, 0).astype(np.float32)
    return network.with_weights(weights)


def integers(shape: tuple[int, ...], generator: np.random.Generator) -> Doubles:
    """Small integer activations."""
    return generator.integers(-4, 5, shape).astype(np.float64)
