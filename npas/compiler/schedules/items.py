"""Default schedules of convolutions where work items are the lanes of a device, as on a GPU: an estimate of cycles.

Its constants fit 1200 kernels measured on an H200: ResNet-18, the same pruned 5.3x, MobileNet-V2, in fifteen shapes.
What it takes for the best of a layer's is 4.5 % slower than the best, over all layers.

| symbol | meaning |
| --- | --- |
| F | filters of a work item: all of a group, which shares a list |
| P | pixels of a work item: F P sums; those of neighbouring items are neighbours |
| D | neighbouring input channels that an entry of a list covers, which an item reads at once: 1 or 4 |
| T | items side by side in a work group |
| S | slices of a list, each for T items of its own; their sums are added up in local memory |

A layer of a network is small for a GPU: what counts is that all of its schedulers have work (S), then that an item
multiplies more often than it loads (F, P).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product, starmap
from typing import TYPE_CHECKING

from npas.compiler.schedules.records import AnySchedule, LaneSchedule
from npas.compiler.schedules.space import Axes, Space
from npas.targets.isa import ISAS

if TYPE_CHECKING:
    from npas.compiler.schedules.lanes import LaneWork

LANES = ISAS["opencl_gpu"].lanes
"""Filters in a vector of weights, and channels in a pixel."""
DEPTHS = (4, 1)
MOST_SUMS = 64
"""Of an item: with what it loads they fill the registers of a warp, of which there should be several."""
MOST_ITEMS = 256
"""Of a work group: what the smallest devices allow."""
LOCAL_BYTES = 32 * 1024
"""Of local memory, likewise."""
WARP = 32
"""Items in step."""
AT_ONCE = 800
"""Warps that run side by side as fast as one alone. On a smaller GPU the lists are cut into a few slices too many,
which costs little."""
LATENCY = 400.0
"""Cycles of an entry beside its instructions where no other warp fills them: loads wait for one another, and weights
come from the second-level cache."""
NEIGHBOURS = 8.0
"""Of a first-level cache's port, as a scheduler's share of it sees them, for a load of which all items of a warp want
the same, or neighbouring floats; neighbouring vectors take four times as many."""
TILE, TILE_SUM = 480.0, 13.0
"""Of an item beside its list, and of each of its sums: places, bias, activation, stores."""
LATER = 0.24
"""Of them, where a warp follows others."""
SLICES, SLICES_SUM = 380.0, 7.0
"""The same again for each doubling of the slices, whose sums are added up."""
FEWEST_ENTRIES = 4
"""Of a slice."""


@dataclass(frozen=True, slots=True, order=True)
class _Shape:
    depth: int
    filters: int
    pixels: int
    items: int
    slices: int

    @property
    def fits(self) -> bool:
        sums = self.filters * self.pixels
        waiting = self.slices * self.items * sums * 4 if self.slices > 1 else 0
        size = self.items * self.slices
        return sums <= MOST_SUMS and WARP <= size <= MOST_ITEMS and waiting <= LOCAL_BYTES


_FILTERS, _PIXELS, _ITEMS, _SLICES = (4, 8, 16), (1, 2, 4, 8), (8, 16, 32, 64, 128, 256), (1, 2, 4, 8, 16, 32)
_MEASURED_FILTERS, _MEASURED_PIXELS = 8, 4
"""The most of which estimates are trusted; of more only a search tries what they bring."""


def item_schedules(work: LaneWork) -> tuple[LaneSchedule, ...]:
    """The best for each number of filters, best first by estimate."""
    shapes = list(_shapes(work))
    best = [
        min((_cycles(s, work), s) for s in shapes if s.filters == filters)
        for filters in sorted({s.filters for s in shapes})
    ]
    return tuple(_schedule(shape, work) for _, shape in sorted(best))


def item_space(work: LaneWork) -> Space:
    """All of them."""
    depths = _depths(work)
    axes: Axes = {
        "vectors": tuple(sorted({f * d // LANES for f in _filters(work) for d in depths})),
        "depth": tuple(sorted(depths)),
        "pixels": _PIXELS,
        "tiles_at_a_time": _ITEMS,
        "channel_block": (work.channels,),
        "split": ("filters", "pixels"),
        "placement": ("buffer", "image"),
        "slices": _SLICES,
    }

    def fits(schedule: AnySchedule) -> bool:
        assert isinstance(schedule, LaneSchedule)
        filters = schedule.vectors * LANES // schedule.depth
        shape = _Shape(schedule.depth, filters, schedule.pixels, schedule.tiles_at_a_time, schedule.slices)
        powers = shape.pixels in _PIXELS and shape.items in _ITEMS and shape.slices in _SLICES
        return shape.depth in depths and filters in _filters(work) and powers and shape.fits

    return Space({"lanes": axes}, fits)


def item_cycles(work: LaneWork) -> float:
    """Of the whole layer, all schedulers taken together, by its best schedule where there is work enough for them."""
    return min(
        _entries(s, work) * _issue(s) * -(-work.filters // s.filters) * work.rows * work.width / (s.pixels * WARP)
        for s in _shapes(work)
        if s.slices == 1
    )


def _shapes(work: LaneWork) -> Iterator[_Shape]:
    longest = work.density * work.channels * work.taps
    filters = [f for f in _filters(work) if f <= _MEASURED_FILTERS]
    pixels = [p for p in _PIXELS if p <= _MEASURED_PIXELS]
    for shape in starmap(_Shape, product(_depths(work)[:1], filters, pixels, _ITEMS, _SLICES)):
        if shape.fits and (shape.slices == 1 or longest / shape.depth / shape.slices >= FEWEST_ENTRIES):
            yield shape


def _depths(work: LaneWork) -> tuple[int, ...]:
    return tuple(depth for depth in DEPTHS if depth <= work.together)


def _filters(work: LaneWork) -> tuple[int, ...]:
    """How many may share a list; more than the layer has would be none."""
    most = max(LANES, min(work.shared, -(-work.filters // LANES) * LANES))
    return tuple(filters for filters in _FILTERS if filters <= most)


def _entries(shape: _Shape, work: LaneWork) -> float:
    return max(1.0, math.ceil(work.density * work.channels * work.taps / shape.depth))


def _issue(shape: _Shape) -> float:
    """Cycles of an entry: instructions, or the port of the first-level cache."""
    weights = shape.filters * shape.depth / LANES  # loads of a vector, the same for all items side by side
    instructions = shape.depth * shape.filters * shape.pixels + weights + shape.pixels
    different = max(1.0, WARP / shape.items)
    return max(instructions, NEIGHBOURS * (weights * different + shape.pixels * shape.depth))


def _cycles(shape: _Shape, work: LaneWork) -> float:
    groups = -(-work.filters // shape.filters) * -(-(work.rows * work.width) // (shape.pixels * shape.items))
    warps = math.ceil(groups * shape.items * shape.slices / WARP / AT_ONCE)
    own, sums = _entries(shape, work) / shape.slices, shape.filters * shape.pixels
    tile = TILE + TILE_SUM * sums + math.log2(shape.slices) * (SLICES + SLICES_SUM * sums)
    return own * max(warps * _issue(shape), _issue(shape) + LATENCY) + max(1.0, LATER * warps) * tile


def _schedule(shape: _Shape, work: LaneWork) -> LaneSchedule:
    return LaneSchedule(
        vectors=shape.filters * shape.depth // LANES,
        depth=shape.depth,
        pixels=shape.pixels,
        tiles_at_a_time=shape.items,
        channel_block=work.channels,
        slices=shape.slices,
    )
