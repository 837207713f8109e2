"""Schedules of depthwise kernels with pixels in lanes: between planes, whose rows need no margins.

A tile is a few rows of the output by a few vectors of each; a row's tiles are all as wide. A vector of the input serves
every row of the tile whose window covers it, and where the window is small its weights stay in registers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from npas.compiler.arena import ALIGNMENT
from npas.compiler.schedules.records import AnySchedule, PlanarSchedule
from npas.compiler.schedules.space import Axes, Space
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d
from npas.targets.isa import ISAS, IsaName

MOST_TAPS = 49
"""Of a window, each written out for every row and vector of a tile."""
MOST_ROWS = 7
TILE_CYCLES = 8.0
"""Of a tile beside what it computes."""
SPLIT_LOADS = 2.0
"""Of a tap's vector under stride 2, of which two vectors hold every other pixel."""


@dataclass(frozen=True, slots=True)
class PlanarWork:
    """A depthwise convolution as such a kernel sees it."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    left: int
    """Columns of padding."""
    read: int
    """Width of the input."""
    height: int
    width: int
    """Of the output."""

    def vectors(self, lanes: int) -> int:
        """Of a row of the output."""
        return -(-self.width // lanes)

    def column(self, tap: int, pixel: int) -> int:
        """Of the input, under a tap of an output pixel's window."""
        return pixel * self.stride[1] + tap * self.dilation[1] - self.left

    @property
    def edges(self) -> tuple[int, int]:
        """Columns that windows reach beyond the image, left and right."""
        return self.left, max(self.column(self.kernel[1] - 1, self.width - 1) - self.read + 1, 0)

    def fits(self, lanes: int) -> bool:
        """Whether only the first and the last vector of a row reach beyond the image, and rows fill more than half of
        one: channels in lanes do better than that."""
        second, before_last = lanes, (self.vectors(lanes) - 1) * lanes - 1
        return (
            self.stride[1] in (1, 2)
            and 2 * self.width > lanes
            and prod(self.kernel) <= MOST_TAPS
            and self.left < ALIGNMENT
            and self.column(0, second) >= 0
            and (before_last < 0 or self.column(self.kernel[1] - 1, before_last) < self.read)
        )


def work_of(graph: Graph, node: Node) -> PlanarWork:
    """Of a depthwise convolution."""
    op = node.op
    assert isinstance(op, Conv2d)
    _, _, height, width = graph.shapes[node.name]
    read = graph.input_shapes(node)[0][3]
    return PlanarWork(op.kernel, op.stride, op.dilation, op.pads[1], read, height, width)


def weights_stay(taps: int, sums: int, isa: IsaName) -> bool:
    """Whether registers have room for a window's weights beside the sums of a tile and two vectors of pixels."""
    return taps + sums + 2 <= ISAS[isa].registers


def planar_schedule(work: PlanarWork, isa: IsaName) -> PlanarSchedule:
    """The fastest by estimate."""
    found = (PlanarSchedule(rows=rows, vectors=vectors) for rows, vectors in tiles_of(work, isa))
    return min(found, key=lambda schedule: _cycles(schedule, work, isa))


def planar_space(work: PlanarWork, isa: IsaName) -> Space:
    """All schedules of such a layer."""
    choices = set(tiles_of(work, isa))
    axes: Axes = {
        "rows": tuple(sorted({rows for rows, _ in choices})),
        "vectors": tuple(sorted({vectors for _, vectors in choices})),
    }

    def fits(schedule: AnySchedule) -> bool:
        assert isinstance(schedule, PlanarSchedule)
        return (schedule.rows, schedule.vectors) in choices

    return Space({"planar": axes}, fits)


def tiles_of(work: PlanarWork, isa: IsaName) -> list[tuple[int, int]]:
    """Rows and vectors of a tile whose sums leave registers for a pixel and a weight."""
    across, room = work.vectors(ISAS[isa].lanes), ISAS[isa].registers - 4
    return [
        (rows, vectors)
        for vectors in range(1, across + 1)
        for rows in range(1, min(MOST_ROWS, work.height) + 1)
        if across % vectors == 0 and rows * vectors <= room
    ]


def _cycles(schedule: PlanarSchedule, work: PlanarWork, isa: IsaName) -> float:
    """Of a plane: two multiplications or two loads a cycle, which overlap in part. Weights that registers have no room
    for are loaded for every row, and hold up the rest (Zen 3: 77 instead of 55 us for 192 channels at 28x28)."""
    rows, vectors = schedule.rows, schedule.vectors
    lines = {r * work.stride[0] + k * work.dilation[0] for r in range(rows) for k in range(work.kernel[0])}
    taps = prod(work.kernel)
    pixels = len(lines) * work.kernel[1] * vectors * (1.0 if work.stride[1] == 1 else SPLIT_LOADS)
    stay = weights_stay(taps, rows * vectors, isa)
    loads = pixels + (0 if stay else rows * taps)
    multiplications = rows * vectors * taps
    tiles = -(-work.height // rows) * (work.vectors(ISAS[isa].lanes) // vectors)
    return tiles * (max(loads, multiplications) / 2 + min(loads, multiplications) / (4 if stay else 2) + TILE_CYCLES)
