"""Schedules of kernels that copy their tile's input: a list for every filter, pixels in lanes.

A vector that does not begin where a cache line or half of one does costs two accesses (measured: 51 instead of 86
GFLOP/s on such lists), and under a 3x3 window two of three do. The copy holds the input once for every column of the
window, so that every tap begins in line; it also takes any stride and layout of the input. Every filter passes over it,
which pays for it. Sums wait in a buffer of their own between channel blocks, each in line, and are turned round as they
leave it, so that neither side of the layer need be planar.

| symbol | meaning |
| --- | --- |
| line | a vector of output pixels: of one row, of several short rows, or, under a 1x1 window, of pixels in any rows |
| L | lines of a tile, whose sums stand in registers |
| slot | pixels of one row that a line has room for; 0 where a line runs on into the next row |
| phase | rows of the input that lie a line's step apart, from a first one on: what a tap's row begins with |
| visit | one filter's list in one channel block, on one tile; two filters are side by side where registers have room |
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from npas.compiler.blocks import is_compact
from npas.compiler.schedules.records import AnySchedule, PackedSchedule
from npas.compiler.schedules.space import Axes, Space, parts
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d
from npas.targets.isa import ISAS, IsaName

NEAR_BYTES: dict[int, int] = {4: 24 * 1024, 8: 24 * 1024, 16: 42 * 1024}
"""Of a copy that stays in the first-level cache, lists and sums beside it, by lanes: machines with vectors of 16 floats
have 48 KiB of it, or weights that come from near."""
SUMS_BYTES = 384 * 1024
"""Of the sums of a tile that stay in the second-level cache."""
MOST_LINES: dict[int, int] = {4: 12, 8: 14, 16: 28}
"""Sums in registers, a weight beside them, by lanes."""

MOST_VECTORS = 1 << 16
"""Of a copy: lists name them in 16 bits."""

NEAR_CYCLES, FAR_CYCLES = 0.6, 1.05
"""Of a load beside its multiplication, from the first-level cache and from the second-level one (Zen 5, measured)."""
ENTRY_CYCLES = 0.7
"""Of an entry beside its loads: the address hangs on another load."""
VISIT_CYCLES, SUM_CYCLES = 14.0, 1.0
"""Of a loop over lists, whose end comes as a surprise; and of each sum that a visit brings and takes."""
COPY_CYCLES, LEAVE_CYCLES, STORE_CYCLES = 3.5, 5.0, 2.0
"""Of a vector of the copy, and of one of finished sums that is turned round or leaves as it is (Zen 3, measured)."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a copy holds for one column of the window and one phase: a vector of each line, and ``more`` behind them."""

    row: int
    """Of the window, with which the phase begins; and the column, both in pixels of the input."""
    column: int
    more: int


@dataclass(frozen=True, slots=True)
class PackedWork:
    """A convolution as a packed kernel sees it, and what its default schedule depends on."""

    filters: int
    channels: int
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    height: int
    width: int
    """Of the output."""
    density: float = 1.0
    """Share of the weights that are kept."""
    plane: int = 0
    """Vectors from one plane of the input to the next, where it lies as its copy would and none is made."""
    runs_on: bool = False
    """Whether lines lie one behind the other in the output, so that sums leave as they are."""

    def slot(self, lanes: int) -> int:
        """Pixels of a row in a line; 0 where it runs on."""
        if self.kernel == (1, 1):
            return 0
        return min(lanes, 1 << (self.width - 1).bit_length())

    def stack(self, lanes: int) -> int:
        """Rows in a line."""
        return lanes // (self.slot(lanes) or lanes)

    def depth(self, lanes: int) -> int:
        """Lines from the top of the output to its bottom."""
        if self.slot(lanes) == 0:
            return -(-self.height * self.width // lanes)
        return -(-self.height // self.stack(lanes))

    def columns(self, lanes: int) -> int:
        """Lines side by side."""
        slot = self.slot(lanes)
        return 1 if slot == 0 else -(-self.width // slot)

    def place(self, row: int, lanes: int) -> tuple[int, int]:
        """The phase of a row of the window, and how many lines further down it reads."""
        lines, phase = divmod(row * self.dilation[0], self.stride[0] * self.stack(lanes))
        return phase, lines

    def parts(self, lanes: int) -> tuple[Part, ...]:
        """Of the copy of a channel, in order."""
        more: dict[int, int] = {}
        for row in range(self.kernel[0]):
            phase, lines = self.place(row, lanes)
            more[phase] = max(more.get(phase, 0), lines)
        columns = [column * self.dilation[1] for column in range(self.kernel[1])]
        return tuple(Part(phase, column, more[phase]) for column in columns for phase in sorted(more))

    def together(self, block: int, lanes: int) -> int:
        """Channels that are copied at a time: whole blocks of them, from whole planes of the input."""
        return block if self.plane else min(math.lcm(block, lanes), -(-self.channels // block) * block)

    def is_addressed(self, lines: int, block: int, lanes: int) -> bool:
        """Whether every vector of a copy has a number that a list can hold."""
        return self.together(block, lanes) * self.vectors(lines, lanes) <= MOST_VECTORS

    def copied(self) -> PackedWork:
        """The same by way of copies."""
        return replace(self, plane=0)

    def vectors(self, lines: int, lanes: int) -> int:
        """Of the copy of a channel, under so many lines: an odd number, lest all channels begin in the same few sets
        of a cache."""
        return self.plane or sum(lines + part.more for part in self.parts(lanes)) | 1

    def near_vectors(self, lines: int, lanes: int) -> int:
        """What of a channel lies in a near cache while lists pass over so many lines."""
        return lines + 1 if self.plane else self.vectors(lines, lanes)


def work_of(graph: Graph, node: Node, weight: NDArray[np.float32]) -> PackedWork | None:
    """Of a convolution that a packed kernel can compute."""
    op = node.op
    if not isinstance(op, Conv2d) or op.groups > 1 or is_compact(graph.shapes[node.name]):
        return None
    _, filters, height, width = graph.shapes[node.name]
    channels = graph.input_shapes(node)[0][1]
    density = np.count_nonzero(weight) / weight.size
    return PackedWork(filters, channels, op.kernel, op.stride, op.dilation, height, width, density)


def packed_schedule(work: PackedWork, isa: IsaName, threads: int) -> PackedSchedule:
    """The fastest by estimate."""
    lanes = ISAS[isa].lanes
    lines, block = min(_choices(work, lanes), key=lambda choice: _cycles(choice, work, lanes))
    bands = -(-work.depth(lanes) // lines)
    tiles = bands * work.columns(lanes)
    by_pixels = threads > 1 and (tiles >= 4 * threads or tiles % threads == 0)
    return PackedSchedule(lines=lines, channel_block=block, split="pixels" if by_pixels else "filters")


def cycles(work: PackedWork, isa: IsaName) -> float:
    """Of the whole layer by its best schedule."""
    lanes = ISAS[isa].lanes
    return min(_cycles(choice, work, lanes) for choice in _choices(work, lanes))


def packed_space(work: PackedWork, isa: IsaName, threads: int) -> Space:
    """All schedules of a packed convolution."""
    lanes = ISAS[isa].lanes
    blocks = {block for _, block in _choices(work, lanes)}
    axes: Axes = {
        "lines": tuple(range(1, min(MOST_LINES[lanes], work.depth(lanes)) + 1)),
        "channel_block": tuple(sorted({*blocks, *parts(work.channels, 1)})),
        "split": ("filters", "pixels") if threads > 1 else ("filters",),
    }

    def fits(schedule: AnySchedule) -> bool:
        assert isinstance(schedule, PackedSchedule)
        return work.copied().is_addressed(schedule.lines, schedule.channel_block, lanes)

    return Space({"packed": axes}, fits)


_Choice = tuple[int, int]
"""L, and channels of a block"""


def _choices(work: PackedWork, lanes: int) -> Iterable[_Choice]:
    """Lines in equal bands, with as many channels as a near copy has room for and with all."""
    depth = work.depth(lanes)
    fewest = -(-depth // MOST_LINES[lanes])
    for lines in dict.fromkeys(-(-depth // bands) for bands in range(fewest, min(depth, 6 * fewest) + 1)):
        near = NEAR_BYTES[lanes] // (4 * lanes * work.near_vectors(lines, lanes))
        addressed = MOST_VECTORS // work.vectors(lines, lanes)
        for most in dict.fromkeys(min(n, addressed) for n in (near, near // 2, work.channels)):
            block = min(_block(most, lanes), work.channels)
            if work.is_addressed(lines, block, lanes):
                yield lines, block


def lists(lines: int, lanes: int) -> int:
    """Filters whose lists, filled up to one length, are passed over side by side: two, where there is room for their
    sums. One loop ends where two would, and few sums do not wait for each other."""
    return 2 if 2 * lines <= MOST_LINES[lanes] else 1


def _block(most: int, lanes: int) -> int:
    """So many channels or fewer; a few such blocks make whole planes of the input, which are turned round at once."""
    if most >= lanes:
        return most // (lanes // 2) * (lanes // 2)
    return max(size for size in (lanes // 4, lanes // 2, 3 * lanes // 4) if size <= max(most, lanes // 4))


def _cycles(choice: _Choice, work: PackedWork, lanes: int) -> float:
    lines, block = choice
    vectors = work.near_vectors(lines, lanes)
    near = 4 * lanes * vectors * block <= NEAR_BYTES[lanes]
    entries = work.density * work.channels * prod(work.kernel)
    visits = math.ceil(work.channels / block)
    sums = SUM_CYCLES * (1 if 4 * lanes * lines * work.filters <= SUMS_BYTES else 2)
    loops = 1 / lists(lines, lanes)  # for each filter
    entry = (lines + 1) * (NEAR_CYCLES if near else FAR_CYCLES) + ENTRY_CYCLES
    filter_ = entries * entry + visits * (VISIT_CYCLES * loops + sums * lines)
    filter_ += (STORE_CYCLES if work.runs_on else LEAVE_CYCLES) * lines
    tiles = work.depth(lanes) / lines * work.columns(lanes)
    copied = 0.0 if work.plane else COPY_CYCLES * vectors * work.channels
    return tiles * (work.filters * filter_ + copied)
