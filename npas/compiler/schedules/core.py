"""What estimates know of a processor's core, by the lanes of its vectors: cycles of small steps, and what caches hold.

Measured on Zen 3 (8 lanes) and Zen 5 (16); 4 lanes are taken to be like 8.

| symbol | meaning |
| --- | --- |
| V | vectors of weights in registers |
| P | pixels: V P sums |
| D | neighbouring input channels that an entry covers; sums of as many vectors are added up to one of outputs |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from npas.targets.isa import Isa

LATENCY = 10
"""Multiplications in flight that keep two units with a latency of four cycles busy, with some to spare."""
FOURS_MORE = 5


@dataclass(frozen=True, slots=True)
class Core:
    """Cycles, then bytes and counts."""

    broadcast: float
    """Of an input: two a cycle at best, less for what conflicts."""
    load: float
    """Of a vector of weights."""
    fours: float
    """Of an input of four channels beside its multiplications, with which it shares a unit; an entry counts as
    ``FOURS_MORE`` inputs more."""
    tile: float
    """Of a tile beside its sums: the call, pointers, the loop's end."""
    list: float
    """Of each further list of a tile: its pointers, and the end of a loop that comes as a surprise."""
    sum: float
    """Of each sum beside its list where D is 1: bias, activation, store."""
    swapped_sum: float
    """Of each sum where D is more and V at least as much: its neighbours meet it by a swap."""
    turned_sum: float
    """Of each sum that becomes part of an output, where V is less than D."""
    turned_output: float
    """Of each output then."""
    waiting: float
    """Of each sum of one list that waits in memory while another one runs."""
    entries: int
    """Of a whole list in one channel block: as many weights as stay near while a row of tiles passes."""
    chunk_bytes: int
    """Of a few tiles' input, which every group of filters reads: part of the second-level cache."""
    buffer_bytes: int
    """Of a group's rows between two layers that are computed together: part of the second-level cache, too."""
    tile_bytes: int
    """Of a tile's input in one channel block where lists are sparse."""
    list_bytes: float
    """Of a group's weights in one channel block, where tiles are so small that these must stay in the nearest cache."""
    far_bytes: float
    """Of an input, above which it may lie in far memory: what is read next is fetched meanwhile."""
    far_chunk_bytes: int
    """``chunk_bytes`` then, since two chunks stay."""
    streams: float
    """Channels of a block for the root of the groups of filters, where lists are whole. More planes of the input at a
    time are more streams than hardware foresees: what first touches them costs in proportion to the planes, sums
    that wait between blocks to the groups."""
    sparse_streams: float
    """The same where lists are not whole."""


_NARROW = Core(
    broadcast=0.56,
    load=0.8,
    fours=0.08,
    tile=14.0,
    list=12.0,
    sum=1.6,
    swapped_sum=1.0,
    turned_sum=1.6,
    turned_output=0.0,
    waiting=2.0,
    entries=640,
    chunk_bytes=160 * 1024,
    buffer_bytes=192 * 1024,
    tile_bytes=12_800,  # less than half a near cache
    list_bytes=math.inf,
    far_bytes=4 * 1024 * 1024,
    far_chunk_bytes=96 * 1024,
    streams=28.0,
    sparse_streams=56.0,
)
CORES: Mapping[int, Core] = {
    4: _NARROW,
    8: _NARROW,
    # Two vectors and 14 pixels take 15.4 cycles by fours, and 28 pixels of one vector 15.8 by twos. The second-level
    # cache brings in what is used: sums that wait between channel blocks cost more than that.
    16: Core(
        broadcast=0.525,
        load=0.5,
        fours=0.08,
        tile=18.0,
        list=18.0,
        sum=1.6,
        swapped_sum=1.0,  # not measured: turned, it was 1.4 where D is 4, 2.2 where it is 2
        turned_sum=0.7,
        turned_output=3.0,
        waiting=1.5,
        entries=2304,
        chunk_bytes=512 * 1024,
        buffer_bytes=512 * 1024,
        tile_bytes=56_000,
        list_bytes=28_000,
        far_bytes=4 * 1024 * 1024,
        far_chunk_bytes=128 * 1024,
        streams=math.inf,
        sparse_streams=math.inf,
    ),
}


def is_far(floats: int, lanes: int) -> bool:
    """Whether an input of so many floats may lie in far memory."""
    return 4 * floats > CORES[lanes].far_bytes


def step_cycles(vectors: int, pixels: int, depth: int, lanes: int) -> float:
    """Of one list entry: multiplications, or loads where there are more of them."""
    core = CORES[lanes]
    multiplied = vectors * pixels / 2 + (core.fours * (pixels + FOURS_MORE) if depth == 4 else 0)
    return max(multiplied, core.load * vectors + core.broadcast * (pixels + 1), LATENCY / 2)


def tile_cycles(vectors: int, pixels: int, depth: int, lists: float, isa: Isa) -> float:
    """Of a tile beside its lists' entries; a part of the tiles may have fewer ``lists`` than others."""
    core, sums = CORES[isa.lanes], vectors * pixels
    around = core.tile + core.list * (lists - 1)
    if depth == 1:
        return around + core.sum * sums
    if vectors >= depth:
        return around + core.swapped_sum * sums
    left = sums / vectors
    waiting = max(0.0, min(left, sums + vectors + 1 + left - isa.registers))
    turned = core.turned_sum * sums + core.turned_output * sums / depth
    return around + lists * turned + (lists - 1) * core.waiting * waiting
