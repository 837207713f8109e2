"""Random networks, seeded: every shape of convolution, and whatever may stand before, behind and beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from programs import network_of, prunings_by

from npas.compiler.indexed import Options
from npas.graph.builder import Builder
from npas.graph.graph import Graph, Network, Node
from npas.ops import (
    AnyOp,
    Arithmetic,
    AvgPool,
    Conv2d,
    Gather,
    MaxPool,
    Normalize,
    Pad,
    Reduce,
    Relu,
    Resample,
    Reshape,
    Slice,
    Transpose,
)
from npas.ops.window import without_ceil
from npas.schemes import SCHEMES

MOST_PIXELS = 17 * 17
MOST_CHANNELS = 33
SEEDS = range(12)


class Draft:
    """Grows a graph node by node on values drawn from those that exist."""

    def __init__(self, seed: int, shape: tuple[int, int, int]) -> None:
        self.rng = np.random.default_rng(seed)
        self.builder = Builder("net")
        self.planes = [self.builder.input(shape)]
        self.vectors: list[str] = []

    def shape(self, name: str) -> tuple[int, ...]:
        return self.builder.shapes[name]

    def pick(self, names: list[str]) -> str:
        """Recent values more often: graphs become deep as well as wide."""
        weights = np.arange(1, len(names) + 1)
        return names[int(self.rng.choice(len(names), p=weights / weights.sum()))]

    def grow(self, name: str) -> str:
        """Files a new value under what can read it."""
        shape = self.shape(name)
        (self.planes if len(shape) == 4 and max(shape[2:]) > 1 else self.vectors).append(name)
        return name

    def conv(self) -> None:
        source = self.pick(self.planes)
        op = self.conv_op(source)
        name = self.builder.node(op, source, kind="conv")
        if self.rng.random() < 0.3:
            same = [p for p in self.planes if p != name and self.shape(p) == self.shape(name)]
            if same:
                name = self.builder.add(name, self.pick(same))
        if self.rng.random() < 0.4:
            name = self.builder.node(Relu(), name)
        self.grow(name)

    def conv_op(self, source: str) -> Conv2d:
        """A convolution that fits ``source``."""
        rng, channels = self.rng, self.shape(source)[1]
        while True:
            filters, groups = int(rng.integers(1, MOST_CHANNELS + 1)), 1
            kind = rng.random()
            if kind < 0.25 and channels > 1:
                filters = groups = channels
            elif kind < 0.45 and channels > 1:
                groups = int(rng.choice([d for d in range(1, channels + 1) if channels % d == 0]))
                filters = groups * int(rng.integers(1, max(2, MOST_CHANNELS // groups + 1)))
            elif kind < 0.65:
                filters = channels
            kernel = (3, 3) if rng.random() < 0.4 else tuple(int(k) for k in rng.choice([1, 3, 5, 7], 2))
            stride = (1, 1) if rng.random() < 0.5 else tuple(int(s) for s in rng.integers(1, 4, 2))
            dilation = (1, 1) if rng.random() < 0.7 else tuple(int(d) for d in rng.integers(1, 3, 2))
            half = [dilation[i] * (kernel[i] - 1) // 2 for i in (0, 1)]
            pads = (*half, *half) if rng.random() < 0.5 else tuple(int(p) for p in rng.integers(0, 4, 4))
            op = Conv2d(
                filters=filters,
                kernel=kernel,
                stride=stride,
                pads=pads,
                dilation=dilation,
                groups=groups,
                bias=bool(rng.random() < 0.6),
            )
            try:
                shape = op.infer((self.shape(source),))
            except ValueError:
                continue
            if shape[2] * shape[3] <= MOST_PIXELS:
                return op

    def pool(self) -> None:
        source = self.pick(self.planes)
        height, width = self.shape(source)[2:]
        kernel = tuple(int(self.rng.integers(1, min(4, side) + 1)) for side in (height, width))
        pads = tuple(int(self.rng.integers(0, k)) for k in (*kernel, *kernel))
        stride = tuple(int(s) for s in self.rng.integers(1, 4, 2))
        op = (
            MaxPool(kernel=kernel, stride=stride, pads=without_ceil((height, width), kernel, stride, pads))
            if self.rng.random() < 0.5
            else AvgPool(kernel=kernel, stride=stride, pads=pads, count_pads=bool(self.rng.random() < 0.5))
        )
        self.grow(self.builder.node(op, source))

    def join(self) -> None:
        """Add, multiply or concatenate values that fit each other; a value may meet itself."""
        a = self.pick(self.planes)
        kind = self.rng.random()
        if kind < 0.4:
            fitting = [p for p in self.planes if self.shape(p)[2:] == self.shape(a)[2:]]
            parts = [a, *(self.pick(fitting) for _ in range(int(self.rng.integers(1, 3))))]
            if sum(self.shape(p)[1] for p in parts) <= 2 * MOST_CHANNELS:
                self.grow(self.builder.concat(*parts))
            return
        b = self.pick([p for p in self.planes if self.shape(p) == self.shape(a)])
        join = self.builder.add if kind < 0.7 else self.builder.mul
        self.grow(join(a, b))

    def squeeze(self) -> None:
        """Squeeze and excite: a value per channel multiplies its planes."""
        source = self.pick(self.planes)
        gate = self.builder.global_avg_pool(source)
        gate = self.builder.conv(gate, self.shape(source)[1], 1, pads=(0, 0, 0, 0), bias=True)
        operands = (source, gate) if self.rng.random() < 0.5 else (gate, source)
        self.grow(self.builder.mul(*operands))

    def rearrange(self) -> None:
        """Moves numbers: slices, pads, gathers, transposes, shuffles; or sums them up along an axis."""
        rng, source = self.rng, self.pick(self.planes)
        shape = self.shape(source)
        axis = int(rng.integers(1, 4))
        size = shape[axis]
        match int(rng.integers(0, 8)):
            case 0:
                step = int(rng.choice([-2, -1, 1, 2]))
                start = int(rng.integers(0, size))
                room = size - 1 - start if step > 0 else start
                op: AnyOp = Slice(
                    axis=axis, start=start, count=int(rng.integers(0, room // abs(step) + 1)) + 1, step=step
                )
            case 1:
                mode = rng.choice(["constant", "edge", "reflect", "wrap"])
                before, after = (int(i) for i in rng.integers(0, min(3, size), 2))
                op = Pad(axis=axis, before=before, after=after + (before + after == 0), mode=mode, value=float(axis))
                if mode == "reflect" and max(op.before, op.after) >= size:
                    return
            case 2:
                op = Gather(axis=axis, indices=tuple(int(i) for i in rng.integers(0, size, int(rng.integers(1, 9)))))
            case 3:
                op = Transpose(order=(0, *(int(i) for i in rng.permutation([1, 2, 3]))))
            case 4:
                groups = int(rng.choice([g for g in range(1, shape[1] + 1) if shape[1] % g == 0]))
                parted = self.builder.node(Reshape(shape=(1, groups, shape[1] // groups, *shape[2:])), source)
                source = self.builder.node(Transpose(order=(0, 2, 1, 3, 4)), parted)
                op = Reshape(shape=shape)
            case 5:
                count = int(rng.integers(1, 18))
                first = rng.integers(0, size, count)
                indices = np.stack([first, np.minimum(first + 1, size - 1)], axis=1)
                share = rng.random(count).round(3)
                weights = np.stack([1 - share, share], axis=1)
                op = Resample(axis=axis, taps=2, indices=indices.ravel().tolist(), weights=weights.ravel().tolist())
            case 6:
                op = Normalize(axis=axis)
            case _:
                op = Reduce(function=rng.choice(["sum", "mean", "max", "min"]), axes=(axis,))
        try:
            shape = op.infer((self.shape(source),))
        except ValueError:
            return
        if shape[1] <= 2 * MOST_CHANNELS and shape[2] * shape[3] <= MOST_PIXELS:
            self.grow(self.builder.node(op, source))

    def broadcast(self) -> None:
        """Arithmetic of values whose shapes differ in axes of one element."""
        a = self.pick(self.planes)
        shape = self.shape(a)
        axes = tuple(int(i) for i in (1, 2, 3) if self.rng.random() < 0.5)
        b = (
            self.builder.node(Reduce(function="mean", axes=axes), a)
            if axes
            else self.pick([p for p in self.planes if self.shape(p) == shape])
        )
        op = Arithmetic(function=self.rng.choice(["sub", "min", "max", "prelu"]))
        swapped = self.rng.random() < 0.5 and op.function != "prelu"  # a slope is never the larger
        self.grow(self.builder.node(op, *((b, a) if swapped else (a, b))))

    def head(self) -> None:
        source = self.pick(self.planes + self.vectors)
        if len(self.shape(source)) == 4:
            source = self.builder.flatten(source)
        if self.shape(source)[1] <= 1500:
            self.vectors.append(self.builder.linear(source, int(self.rng.integers(1, 40))))

    def graph(self, convs: int) -> Graph:
        """Grows until there are ``convs`` convolutions; what nobody reads is an output."""
        while sum(isinstance(node.op, Conv2d) for node in self.builder.nodes) < convs:
            steps = [self.conv, self.pool, self.join, self.squeeze, self.head, self.rearrange, self.broadcast]
            steps[int(self.rng.choice(len(steps), p=[0.62, 0.07, 0.09, 0.04, 0.05, 0.1, 0.03]))]()
        read = {i for node in self.builder.nodes for i in node.inputs}
        return self.builder.graph(*(node.name for node in self.builder.nodes if node.name not in read))


def random_graph(seed: int) -> Graph:
    """One of a few small ones."""
    return Draft(seed, [(5, 17, 15), (33, 1, 16), (1, 17, 1), (4, 2, 3)][seed % 4]).graph(12)


def by_every_scheme(seed: int) -> tuple[Network, Options]:
    """A random graph six times in one network: dense, and with each scheme on every layer that takes it."""
    network = network_of(random_graph(seed), seed)
    rng = np.random.default_rng(seed)
    prunings = {
        f"{scheme}_{name}": pruning
        for scheme in SCHEMES
        for name, pruning in prunings_by(network.graph, scheme, rng).items()
    }
    return side_by_side(network, ("dense", *SCHEMES)), Options(prunings=prunings)


def side_by_side(network: Network, names: Sequence[str]) -> Network:
    """Copies of a network in one, all on the same input; a name stands before those of its copy's nodes."""
    graph = network.graph
    nodes = [graph.node(name) for name in graph.inputs]
    outputs: list[str] = []
    weights = {}
    for name in names:
        new = {node.name: node.name if node.name in graph.inputs else f"{name}_{node.name}" for node in graph.nodes}
        copied = [node for node in graph.nodes if new[node.name] != node.name]
        nodes += [Node(new[node.name], node.op, tuple(new[i] for i in node.inputs)) for node in copied]
        outputs += [new[output] for output in graph.outputs]
        weights |= {f"{name}_{key}": array for key, array in network.weights.items()}
    return Network(Graph(graph.name, tuple(nodes), tuple(outputs)), weights)
