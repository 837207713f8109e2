"""What a part may differ by.

| symbol | meaning |
| --- | --- |
| u | half the distance from 1 to the next float32, 2^-24 |
| S | sum of abs(w) abs(x) + abs(b), per output element: the size of what was added up |
| y | the result in float64 |

Direct kernels: error at most 8 u S for the sum (any order of K terms stays below 3 u S in practice), and a few
units of the result for what follows it; Winograd's F(2), F(4) and F(6): 8, 128 and 256 u times the largest S of
the channel. On small integers every product and sum of a direct kernel is exact, so there the gate is equality: a
wrong index cannot hide behind a tolerance.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from npas.graph.graph import Network, Node
from npas.ops import Add, Clip, Concat, Conv2d, Flatten, Linear, MaxPool, Mul, Relu
from npas.verify.reference import Doubles, apply, magnitude

UNIT = 2.0**-24
_SUM_UNITS = {0: 8.0, 2: 8.0, 4: 128.0, 6: 256.0}
"""By the tile of Winograd's method; 0 is a direct sum."""
RESULT_UNITS = 64.0
"""For activations and divisions: sigmoid is allowed 34 ulp, pooling adds up to a plane of values."""

EXACT = (Add, Clip, Concat, Conv2d, Flatten, Linear, MaxPool, Mul, Relu)
"""Operators that give integers for integers."""


def part_reference(
    network: Network, nodes: list[Node], given: Mapping[str, Doubles], winograd: int = 0
) -> tuple[Doubles, Doubles]:
    """A part's result in float64 from its inputs, and the gate for each element.

    ``winograd`` is the tile of a part that is computed by that method, or 0.
    """
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
            slack = _SUM_UNITS[winograd] * UNIT * size + carried
        elif isinstance(node.op, Add | Mul):
            factor = 1.0 if isinstance(node.op, Add) else max(float(x.abs().max()) for x in inputs)
            slack = slack * factor + RESULT_UNITS * UNIT * sum(x.abs() for x in inputs)
        else:
            # Activations here stretch an error by at most 1.5 (hard-swish); the sums of pools count as results.
            # What they give may be larger than what they take (a sigmoid of almost nothing is a half).
            biggest = max(float(x.abs().max()) for x in (*inputs, result))
            slack = (slack.max() if slack.shape != inputs[0].shape else 1.5 * slack) + RESULT_UNITS * UNIT * biggest
        known[node.name] = result
    return result.numpy(), np.broadcast_to(slack.numpy(), result.shape)


def _carried(network: Network, node: Node, slack: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """What an error of the input becomes at most: the weights' magnitudes times it."""
    spread = slack.expand_as(like)
    return magnitude(network, node, [spread]) - magnitude(network, node, [torch.zeros_like(like)])


def is_exact(nodes: list[Node]) -> bool:
    """Whether a part of these nodes gives integers for integers."""
    return all(
        isinstance(node.op, EXACT)
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
