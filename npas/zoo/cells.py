"""Networks of cells: Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition", section 3.

NASNet and AmoebaNet differ in two cells and two numbers. What the papers leave open is as in the authors' code: the
order of the layers within an operation, the padding, and how what a cell reads gets the cell's shape. Without the
auxiliary head and drop-path, which are matters of training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import Pad
from npas.ops.base import Shape
from npas.ops.window import Pads
from npas.spec.schema import Activation
from npas.zoo.width import SMALL, scaled

Operation = Literal["identity", "avg_3x3", "max_3x3", "sep_3x3", "sep_5x5", "sep_7x7", "conv_1x7_7x1"]

STACKS = 3
"""Runs of normal cells; a reduction cell between two of them halves the plane and doubles the filters."""


@dataclass(frozen=True)
class Cell:
    """State 0 is what the cell before gave, state 1 what the one before that gave; each sum is the next state."""

    sums: tuple[tuple[Operation, int, Operation, int], ...]
    """An operation and the state that it reads, twice: their results are added."""

    output: tuple[int, ...]
    """The states that the cell gives, side by side."""


@dataclass(frozen=True)
class Design:
    """A network: ``repeats`` normal cells in each stack (N in the papers), ``filters`` per layer in the first (F)."""

    name: str
    normal: Cell
    reduction: Cell
    repeats: int
    filters: int

    def cells(self, small: bool) -> Iterator[tuple[str, Cell, float, int]]:
        """Name, cell, filters and stride of each, in order."""
        yield "stem_cell1", self.reduction, self.filters / 4, 1 if small else 2
        yield "stem_cell2", self.reduction, self.filters / 2, 2
        for stack in range(STACKS):
            filters = self.filters * 2**stack
            if stack:
                yield f"reduction{stack}", self.reduction, filters, 2
            for repeat in range(self.repeats):
                yield f"cell{stack * self.repeats + repeat + 1}", self.normal, filters, 1


def cell_network(
    design: Design, shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None
) -> Graph:
    """Images smaller than 64 pixels keep their size through the stem's convolution and the first cell:

    32x32 then ends at 4x4 instead of 1x1. A cell's filters are rounded down, as in the authors' code, not to eights:
    the papers' own numbers are no multiples of 8.
    """
    small = min(shape[1:]) < SMALL
    b = Builder(design.name, epsilon=1e-3)
    writer = _Writer(b, activation or "relu")
    x = b.input(shape)
    with b.scope("stem"):
        x = b.bn(b.conv(x, scaled(32, width), 3, stride=1 if small else 2, pads=None if small else (0, 0, 0, 0)))
    before: str | None = None
    for name, cell, filters, stride in design.cells(small):
        with b.scope(name):
            # At least two, for a path reduction halves them.
            before, x = x, writer.cell(cell, x, before, max(2, int(filters * width)), stride)
    with b.scope("head"):
        x = b.flatten(b.global_avg_pool(writer.act(x), name="pool"), name="flatten")
        x = b.dropout(x, 0.5, name="dropout")
    return b.graph(b.linear(x, classes, name="classifier"))


class _Writer:
    """Writes cells. Convolutions read activated values; of a value that several read, there is one activation."""

    def __init__(self, b: Builder, activation: Activation) -> None:
        self.b = b
        self.activation = activation
        self._activated: dict[str, str] = {}

    def act(self, x: str) -> str:
        if x not in self._activated:
            self._activated[x] = self.b.act(x, self.activation)
        return self._activated[x]

    def cell(self, cell: Cell, x: str, before: str | None, filters: int, stride: int) -> str:
        """What the cell was given is reduced by ``stride``; its own sums have their size already."""
        b = self.b
        with b.scope("state0"):
            states = [self._conv(self.act(x), filters)]
        with b.scope("state1"):
            states.append(self._fitted(x, before, filters))
        for number, (left, i, right, j) in enumerate(cell.sums, start=1):
            with b.scope(f"sum{number}"):
                with b.scope("left"):
                    first = self._apply(left, states[i], filters, stride if i < 2 else 1)
                with b.scope("right"):
                    second = self._apply(right, states[j], filters, stride if j < 2 else 1)
                states.append(b.add(first, second, name="add"))
        return b.concat(*(states[i] for i in cell.output), name="concat")

    def _fitted(self, x: str, before: str | None, filters: int) -> str:
        """The plane of ``x`` and the cell's filters for what came before it. The first cell reads ``x`` twice."""
        b = self.b
        if before is None:
            return x
        if b.shapes[before][2:] != b.shapes[x][2:]:
            return path_reduction(b, self.act(before), filters)
        return before if b.channels(before) == filters else self._conv(self.act(before), filters)

    def _apply(self, operation: Operation, x: str, filters: int, stride: int) -> str:
        b = self.b
        match operation:
            case "identity":
                return x
            case "avg_3x3" | "max_3x3":
                pool = b.avg_pool if operation == "avg_3x3" else b.max_pool
                x = pool(x, 3, stride, same_pads(b.shapes[x], (3, 3), (stride, stride)))
                # Only the first cell is given another number of channels than its own.
                return x if b.channels(x) == filters else self._conv(x, filters)
            case "conv_1x7_7x1":
                inner = max(1, filters // 4)
                x = self._conv(self.act(x), inner)
                x = self._conv(self.act(x), inner, (1, 7), (1, stride))
                x = self._conv(self.act(x), inner, (7, 1), (stride, 1))
                return self._conv(self.act(x), filters)
        return self._separable(x, int(operation[-1]), filters, stride)

    def _separable(self, x: str, kernel: int, filters: int, stride: int) -> str:
        """Twice a depthwise and a 1x1 convolution, with nothing between the two."""
        b = self.b
        for step in (stride, 1):
            pads = same_pads(b.shapes[x], (kernel, kernel), (step, step))
            x = b.conv(self.act(x), b.channels(x), kernel, step, pads, groups=b.channels(x))
            x = self._conv(x, filters)
        return x

    def _conv(self, x: str, filters: int, kernel: tuple[int, int] = (1, 1), stride: tuple[int, int] = (1, 1)) -> str:
        b = self.b
        return b.bn(b.conv(x, filters, kernel, stride, same_pads(b.shapes[x], kernel, stride)))


def path_reduction(b: Builder, x: str, filters: int) -> str:
    """Half of the filters see every other pixel, the other half those one further down and to the right."""
    near = b.conv(b.avg_pool(x, 1, 2), filters // 2, 1)
    far = b.conv(b.avg_pool(_shifted(b, x), 1, 2), filters - filters // 2, 1)
    return b.bn(b.concat(near, far))


def _shifted(b: Builder, x: str) -> str:
    """Without the first row and column. Where their number is odd, zeros follow, for both halves to be as large."""
    for axis in (2, 3):
        if b.shapes[x][axis] % 2:
            x = b.node(Pad(axis=axis, before=0, after=1), x)
        x = b.slice(x, axis, 1, b.shapes[x][axis] - 1)
    return x


def same_pads(shape: Shape, kernel: tuple[int, int], stride: tuple[int, int]) -> Pads:
    """TensorFlow's "same": as little padding as gives ``size / stride`` rounded up, an odd rest at the far side."""
    total = [
        max(0, (-(-size // step) - 1) * step + k - size)
        for size, k, step in zip(shape[2:], kernel, stride, strict=True)
    ]
    return (total[0] // 2, total[1] // 2, (total[0] + 1) // 2, (total[1] + 1) // 2)
