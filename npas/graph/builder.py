"""Writes a graph down so that the code reads like the table in the network's paper.

Every method adds one node (``conv_bn_act`` up to three) and returns its name. Names count per kind, in the order of
the calls (``conv1``, ``bn1``, ``conv2``, ...), under the prefix of the open scopes, so the same code always gives
the same names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from npas.graph.graph import NAME, Graph, Node
from npas.ops import (
    Add,
    AnyOp,
    AvgPool,
    BatchNorm,
    Clip,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    HardSwish,
    Input,
    Linear,
    MaxPool,
    Mul,
    Relu,
    Silu,
    Slice,
)
from npas.ops.base import Shape
from npas.ops.window import Pads
from npas.spec.schema import Activation

ACTIVATIONS: dict[Activation, AnyOp] = {
    "relu": Relu(),
    "relu6": Clip(low=0.0, high=6.0),
    "swish": Silu(),
    "hard_swish": HardSwish(),
}
"""The activations that a spec may ask for."""

Pair = int | tuple[int, int]


class Builder:
    """Collects nodes; ``graph(outputs)`` freezes them. Raises ValueError, naming the node, where shapes do not fit."""

    def __init__(self, name: str, epsilon: float = 1e-5) -> None:
        """``epsilon`` is that of every batch-norm which names none."""
        self.name = name
        self.epsilon = epsilon
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape] = {}
        self._counts: Counter[str] = Counter()
        self._scopes: list[str] = []

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Prefixes the names of the nodes added inside with ``name_``; counting starts anew there."""
        self._scopes.append(name)
        try:
            yield
        finally:
            self._scopes.pop()

    def node(self, op: AnyOp, *inputs: str, name: str | None = None, kind: str | None = None) -> str:
        """Adds any operator. ``kind`` is the stem of the counted name; ``name`` replaces the count."""
        full = self._name(name, kind or op.type)
        missing = [i for i in inputs if i not in self.shapes]
        if missing:
            raise ValueError(f"node {full}: reads values that do not exist yet, got {', '.join(missing)}")
        if op.arity is not None and len(inputs) != op.arity:
            raise ValueError(f"node {full}: {op.type} takes {op.arity} inputs, got {len(inputs)}")
        try:
            self.shapes[full] = op.infer(tuple(self.shapes[i] for i in inputs))
        except ValueError as error:
            raise ValueError(f"node {full}: {error}") from error
        self.nodes.append(Node(full, op, tuple(inputs)))
        return full

    def graph(self, *outputs: str) -> Graph:
        return Graph(self.name, tuple(self.nodes), tuple(outputs))

    def channels(self, x: str) -> int:
        """Size of dimension 1."""
        return self.shapes[x][1]

    def input(self, shape: Shape, name: str = "input") -> str:
        """``shape`` is (C, H, W); the batch of 1 is put before it."""
        return self.node(Input(shape=(1, *shape)), name=name)

    def conv(
        self,
        x: str,
        filters: int,
        kernel: Pair = 3,
        stride: Pair = 1,
        pads: Pads | None = None,
        groups: int = 1,
        dilation: Pair = 1,
        bias: bool = False,
        name: str | None = None,
    ) -> str:
        """Without ``pads``, half a window of zeros on each side: stride 1 then keeps an odd kernel's size."""
        k, d = _pair(kernel), _pair(dilation)
        half = (d[0] * (k[0] - 1) // 2, d[1] * (k[1] - 1) // 2)
        op = Conv2d(
            filters=filters,
            kernel=k,
            stride=_pair(stride),
            pads=pads or (*half, *half),
            dilation=d,
            groups=groups,
            bias=bias,
        )
        return self.node(op, x, name=name, kind="conv")

    def bn(self, x: str, epsilon: float | None = None, name: str | None = None) -> str:
        return self.node(BatchNorm(epsilon=self.epsilon if epsilon is None else epsilon), x, name=name, kind="bn")

    def act(self, x: str, activation: Activation, name: str | None = None) -> str:
        return self.node(ACTIVATIONS[activation], x, name=name, kind="act")

    def conv_bn_act(
        self,
        x: str,
        filters: int,
        kernel: Pair = 3,
        stride: Pair = 1,
        groups: int = 1,
        activation: Activation | None = "relu",
    ) -> str:
        """Convolution without bias, batch-norm, and the activation unless it is None."""
        x = self.bn(self.conv(x, filters, kernel, stride, groups=groups))
        return x if activation is None else self.act(x, activation)

    def linear(self, x: str, filters: int, bias: bool = True, name: str | None = None) -> str:
        return self.node(Linear(filters=filters, bias=bias), x, name=name)

    def add(self, a: str, b: str, name: str | None = None) -> str:
        return self.node(Add(), a, b, name=name)

    def mul(self, a: str, b: str, name: str | None = None) -> str:
        return self.node(Mul(), a, b, name=name)

    def concat(self, *xs: str, axis: int = 1, name: str | None = None) -> str:
        return self.node(Concat(axis=axis), *xs, name=name)

    def max_pool(self, x: str, kernel: Pair, stride: Pair, pads: Pads = (0, 0, 0, 0), name: str | None = None) -> str:
        return self.node(MaxPool(kernel=_pair(kernel), stride=_pair(stride), pads=pads), x, name=name)

    def avg_pool(self, x: str, kernel: Pair, stride: Pair, pads: Pads = (0, 0, 0, 0), name: str | None = None) -> str:
        return self.node(AvgPool(kernel=_pair(kernel), stride=_pair(stride), pads=pads), x, name=name)

    def global_avg_pool(self, x: str, name: str | None = None) -> str:
        return self.node(GlobalAvgPool(), x, name=name, kind="pool")

    def slice(self, x: str, axis: int, start: int, count: int, name: str | None = None) -> str:
        return self.node(Slice(axis=axis, start=start, count=count), x, name=name)

    def flatten(self, x: str, name: str | None = None) -> str:
        return self.node(Flatten(), x, name=name)

    def dropout(self, x: str, probability: float = 0.5, name: str | None = None) -> str:
        return self.node(Dropout(probability=probability), x, name=name)

    def _name(self, name: str | None, kind: str) -> str:
        stem = "_".join([*self._scopes, name or kind])
        if name is None:
            self._counts[stem] += 1
            stem = f"{stem}{self._counts[stem]}"
        if not NAME.match(stem):
            raise ValueError(f"node {stem!r}: name must match {NAME.pattern}")
        if stem in self.shapes:
            raise ValueError(f"node {stem}: name is taken")
        return stem


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
