"""Schedules of kernels that copy their tile's input: a list for every filter, and windows that reach over pixels.

A vector that does not begin where a cache line or half of one does costs two accesses (measured: 51 instead of 86
GFLOP/s on such lists), and under a 3x3 window two of three do. The copy holds the input once for every column of the
window, so that every tap begins in line; it also takes any stride and layout of the input. Every filter passes over it,
which pays for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from npas.compiler.blocks import is_compact
from npas.compiler.schedules.records import AnySchedule, PackedSchedule
from npas.compiler.schedules.space import Axes, Space, parts
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d
from npas.targets.isa import ISAS, IsaName

COPY_BYTES, MOST_COPY_BYTES = 24 * 1024, 48 * 1024
"""What the copy takes where most is kept, so that it stays in a 32 KiB first-level cache, lists and sums beside it; and
where little is: sums wait in memory between channel blocks, and short lists do not pay for that."""
DENSE = 0.4
"""The share of weights kept up to which COPY_BYTES hold; beyond, they grow with its root."""
MOST_LINES: dict[int, int] = {4: 12, 8: 14, 16: 28}
"""Sums in registers, a weight beside them, by lanes."""
MOST_WASTE = 1.35
"""Lanes in the vectors of a row over its pixels: beyond it, vectors that run on into the next row are better."""
LEAST_LINES = 4
"""Sums in flight, without which a vector of a row is too little work for an entry of a list."""


@dataclass(frozen=True, slots=True)
class PackedWork:
    """What the default schedule of a packed convolution depends on."""

    channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    height: int
    width: int
    """Of the output."""
    density: float = 1.0
    """Share of the weights that are kept."""

    def rows(self, lines: int) -> int:
        """Rows of the copy under so many lines of the output."""
        return (lines - 1) * self.line_step + (self.kernel[0] - 1) * self.dilation[0] + 1

    @property
    def line_step(self) -> int:
        """Rows of the copy from one line to the next; of a window of one row only those that it reads are copied."""
        return 1 if self.kernel[0] == 1 else self.stride[0]

    def columns(self, isa: IsaName) -> int:
        """Vectors in a row of the output."""
        return -(-self.width // ISAS[isa].lanes)


def work_of(graph: Graph, node: Node, weight: NDArray[np.float32]) -> PackedWork | None:
    """Of a convolution that a packed kernel can compute from planes to planes."""
    op = node.op
    if not isinstance(op, Conv2d) or op.groups > 1 or is_compact(graph.shapes[node.name]):
        return None
    _, _, height, width = graph.shapes[node.name]
    channels = graph.input_shapes(node)[0][1]
    density = np.count_nonzero(weight) / weight.size
    return PackedWork(channels, op.kernel, op.stride, op.dilation, height, width, density)


def pays(work: PackedWork, isa: IsaName) -> bool:
    """By estimate: where vectors would begin anywhere, or an image would have to be split into phases before."""
    plain = work.kernel == work.stride == (1, 1)
    wide = work.columns(isa) * ISAS[isa].lanes <= MOST_WASTE * work.width
    return not plain and wide and work.height >= LEAST_LINES


def packed_schedule(work: PackedWork, isa: IsaName, threads: int) -> PackedSchedule:
    """As many lines as there are registers, in equal parts; as many channels as the copy has room for."""
    bands = -(-work.height // MOST_LINES[ISAS[isa].lanes])
    lines = -(-work.height // bands)
    channel_bytes = work.kernel[1] * work.rows(lines) * ISAS[isa].lanes * 4
    room = min(COPY_BYTES * (DENSE / max(work.density, 1e-3)) ** 0.5, MOST_COPY_BYTES)
    blocks = -(-work.channels // max(4, int(max(room, COPY_BYTES)) // channel_bytes))
    tiles = bands * work.columns(isa)
    by_pixels = threads > 1 and (tiles >= 4 * threads or tiles % threads == 0)
    return PackedSchedule(
        lines=lines, channel_block=-(-work.channels // blocks), split="pixels" if by_pixels else "filters"
    )


def packed_space(work: PackedWork, isa: IsaName, threads: int) -> Space:
    """All schedules of a packed convolution."""
    block = packed_schedule(work, isa, threads).channel_block
    near = {min(n * block // 2, work.channels) for n in (1, 2, 3, 4)} - {0}
    axes: Axes = {
        "lines": tuple(range(1, min(MOST_LINES[ISAS[isa].lanes], work.height) + 1)),
        "channel_block": tuple(sorted({*near, *parts(work.channels, 1)})),
        "split": ("filters", "pixels") if threads > 1 else ("filters",),
    }

    def fits(schedule: AnySchedule) -> bool:
        return isinstance(schedule, PackedSchedule)

    return Space({"packed": axes}, fits)
