"""Every element-wise operator, for tests of kernels: a new one enters by existing."""

from __future__ import annotations

from typing import get_args

from npas.ops import AnyOp, Clip, Elementwise, Elu, Gelu, Op, Threshold, Unary
from npas.ops.unary import Function

UNION: tuple[type[Op], ...] = get_args(get_args(AnyOp)[0])

SMOOTH: tuple[Function, ...] = ("abs", "asinh", "atan", "cos", "erf", "neg", "sin", "softplus", "softsign")
"""Functions of every number without a step, so that an error of the input stays one."""


def elementwise_operators() -> list[AnyOp]:
    """One of each, with its defaults, and those with other fields that are computed in other ways."""
    return [
        *(op() for op in UNION if issubclass(op, Elementwise) and op is not Unary and op is not Threshold),
        *(Unary(function=name) for name in SMOOTH),
        Gelu(approximate="tanh"),
        Clip(low=-0.625, high=1.5),
        Clip(low=-3.4e38, high=1e-7),
        Elu(kind="selu", alpha=1.6, gamma=1.05),
    ]
