"""Default schedules of kernels with filters in lanes: an estimate of cycles, least first.

| symbol | meaning |
| --- | --- |
| V | vectors of weights in registers, P pixels: V P sums, V weights and one input beside them |
| D | input channels that lie side by side in a vector of weights: V / D vectors of filters |
| L | lists of a group: D / V where V < D, one after the other: V P sums at a time |
| K | entries of a list |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from npas.compiler.schedules.core import CORES, is_far, step_cycles, tile_cycles
from npas.compiler.schedules.items import LANES as ITEM_LANES
from npas.compiler.schedules.items import item_cycles, item_schedules, item_space
from npas.compiler.schedules.records import AnySchedule, LaneSchedule
from npas.compiler.schedules.space import PLACEMENTS, WORK_GROUP, WORK_GROUPS, Axes, Space, halvings, parts
from npas.targets.isa import ISAS, Backend, IsaName

PAGE_BYTES = 4096
"""A page, up to which neighbouring planes are one stream."""

ALL_BUT = 0.9
"""Share of kept positions above which a list is read as if it were whole."""
CHANNEL_GRAIN = 16
"""Channels to whose multiples blocks are rounded: the widest vectors."""
MOST_BLOCKS = 8
"""Of channels: as many as a search tries."""
FOURS: tuple[IsaName, ...] = ("avx512",)
"""Where an entry of four channels may be estimated best; elsewhere only a search tries it."""
MOST_VECTORS = 6
"""Of weights in registers; from five on, loads leave the multiplications too little room on most machines."""
MOST_PIXELS: Mapping[Backend, int] = {"cpu": 28, "opencl": 16}
"""Of a tile: more have too little left to gain from a vector of weights."""
FEW_PIXELS = 200
"""Of an output, up to which so few pixels use a weight that a list's loop gains by fetching the next ones meanwhile."""
MANY_ENTRIES = 24
"""Of a list, from which on that holds: on 7x7, lists of 32 entries gain 5 %, of 96 13 %, and lists of 16 lose 3 %."""
ENOUGH_PIXELS = 8
"""Of a tile, for which a second-level cache brings in weights as fast as they are used."""
MANY_TILES = 32
"""For each thread: enough for several pieces that each fill the caches with weights once."""
PASSING_GAIN = 0.97
"""Of tiles inside rows, below which tiles that pass their ends are better by estimate."""
GAIN = 0.98
"""Of evenly shared work, below which threads share out pixels and each reads all weights."""


@dataclass(frozen=True, slots=True)
class LaneWork:
    """What the default schedule of a convolution with filters in lanes depends on."""

    filters: int
    channels: int
    taps: int
    rows: int
    """Rows of pixels, and their width: one row of all where nothing lies between them."""
    width: int
    row_floats: int
    """Floats of one input channel that a row of tiles reads, without its neighbours'."""
    shared: int
    """Filters that share a list."""
    together: int
    """Neighbouring channels, 1, 2 or 4, of which positions are kept together."""
    density: float
    """Share of the positions that is kept."""
    stride: int = 1
    """Pixels of the input between those of neighbouring output pixels."""
    longest: int = 16
    """Pixels of a tile: where the rows of the output lie apart, it passes the end of one at most."""
    half_density: float = 1.0
    """Of the positions of half as many filters as there are lanes."""

    @property
    def whole(self) -> bool:
        """Whether lists keep everything."""
        return self.density == self.half_density == 1.0

    def passing(self) -> LaneWork:
        """The same with tiles that pass the ends of rows."""
        rows = self.rows
        return replace(self, rows=1, width=rows * self.width, row_floats=rows * self.row_floats, longest=self.width)

    def far(self, lanes: int) -> bool:
        """Whether the next rows of the input are fetched while some are read."""
        return self.rows > 1 and is_far(self.channels * self.row_floats * self.rows, lanes)


def depths_of(isa: IsaName) -> tuple[int, ...]:
    """How many neighbouring channels an entry of a list may cover."""
    if ISAS[isa].items:
        return (1, ITEM_LANES)
    return (1, 2, 4) if ISAS[isa].backend == "cpu" else (1, 2)


def lane_schedules(work: LaneWork, isa: IsaName, threads: int) -> tuple[LaneSchedule, ...]:
    """Schedules of a convolution with filters in lanes, the best for each depth and number of vectors, best first by
    estimate."""
    if ISAS[isa].items:
        return item_schedules(work)
    best = []
    for depth in _estimated(work, isa):
        for vectors in _vectors(work, isa, depth):
            shapes = _shapes(vectors, depth, work, isa)
            best.append(min((_cycles(shape, depth, work, isa), shape, depth) for shape in shapes))
    if ISAS[isa].backend == "opencl":
        return tuple(_in_groups(shape, depth, work, ISAS[isa].lanes) for _, shape, depth in sorted(best))
    return tuple(_blocked(shape, depth, work, ISAS[isa].lanes, threads) for _, shape, depth in sorted(best))


def cycles(work: LaneWork, isa: IsaName) -> float:
    """Of the whole layer by its best schedule."""
    if ISAS[isa].items:
        return item_cycles(work)
    return work.rows * min(
        _cycles(shape, depth, work, isa)
        for depth in _estimated(work, isa)
        for vectors in _vectors(work, isa, depth)
        for shape in _shapes(vectors, depth, work, isa)
    )


def pays_to_pass(work: LaneWork, isa: IsaName) -> bool:
    """Whether tiles that pass the ends of rows are better than such as end with them, though every pixel has an address
    of its own: where rows are so narrow that sums are too few to keep the units busy. Lists of single taps are too
    short for it."""
    return work.taps > 1 and cycles(work.passing(), isa) < PASSING_GAIN * cycles(work, isa)


def _in_groups(shape: tuple[int, int], depth: int, work: LaneWork, lanes: int) -> LaneSchedule:
    """The schedule of V vectors and P pixels on a device of OpenCL, a work group of tiles at a time."""
    vectors, pixels = shape[0], even(work.width, shape[1])
    tiles = work.rows * -(-work.width // pixels)
    # Sums wait in memory between blocks, which pays where few pixels use a weight that comes from far.
    blocks = pixels < ENOUGH_PIXELS
    return LaneSchedule(
        vectors=vectors,
        depth=depth,
        pixels=pixels,
        tiles_at_a_time=even(tiles, WORK_GROUP),
        channel_block=_channel_block(work, vectors, depth, pixels, lanes) if blocks else work.channels,
        split="pixels" if _reads_more_input(work) else "filters",
    )


def _blocked(shape: tuple[int, int], depth: int, work: LaneWork, lanes: int, threads: int) -> LaneSchedule:
    """The schedule of V vectors and P pixels, its loops cut to fit the core."""
    vectors, pixels = shape[0], even(work.width, shape[1])
    columns = -(-work.width // pixels)
    channel_block = _channel_block(work, vectors, depth, pixels, lanes)
    row_bytes, core = 4 * work.row_floats * channel_block, CORES[lanes]
    if work.rows == 1:
        at_a_time = max(4, core.chunk_bytes * columns // max(row_bytes, 1))
    elif work.far(lanes):
        at_a_time = columns * max(1, core.far_chunk_bytes // row_bytes)
    else:
        at_a_time = columns * max(1, core.chunk_bytes // row_bytes - work.taps // 4)
    tiles, groups = columns * work.rows, -(-work.filters * depth // (lanes * vectors * _lists(vectors, depth)))
    return LaneSchedule(
        vectors=vectors,
        depth=depth,
        pixels=pixels,
        tiles_at_a_time=min(at_a_time, tiles),
        channel_block=channel_block,
        split=_split(work, tiles, groups, threads),
    )


def fetches_ahead(work: LaneWork, schedule: LaneSchedule, pixels: int) -> bool:
    """Whether the kernel fetches the next group's weights while one runs: dense loops have the room for it, sparse ones
    only where weights are a good part of what a layer reads, and lists so long that its tiles are about them."""
    if work.whole and schedule.depth == 1:
        return True
    return pixels <= FEW_PIXELS and _entries(work, schedule.vectors, schedule.depth) >= MANY_ENTRIES


def lane_space(work: LaneWork, isa: IsaName, threads: int) -> Space:
    """All schedules of a convolution with filters in lanes."""
    if ISAS[isa].items:
        return item_space(work)
    depths = _depths(work, isa)
    vectors = sorted({v for depth in depths for v in _vectors(work, isa, depth)})
    axes: Axes = {
        "vectors": tuple(vectors),
        "depth": depths,
        "pixels": tuple(range(1, min(most_pixels(1, isa), work.width, work.longest) + 1)),
        "tiles_at_a_time": halvings(work.rows * work.width),
        "channel_block": parts(work.channels, CHANNEL_GRAIN),
        "split": ("filters", "pixels") if threads > 1 else ("filters",),
        "placement": PLACEMENTS[ISAS[isa].backend],
    }
    if ISAS[isa].backend == "opencl":
        axes = {**axes, "tiles_at_a_time": WORK_GROUPS, "split": ("filters", "pixels")}

    def fits(schedule: AnySchedule) -> bool:
        assert isinstance(schedule, LaneSchedule)
        v, depth = schedule.vectors, schedule.depth
        return v in _vectors(work, isa, depth) and schedule.pixels <= most_pixels(v, isa, schedule.lists)

    return Space({"lanes": axes}, fits)


def whole_together(filters: int, channels: int, isa: IsaName) -> int:
    """``LaneWork.together`` of a dense layer: 1, but where the last vector of filters is half empty. Lists for half as
    many filters, of several channels, leave nothing empty: 24 filters on AVX-512 take three of them. Where work items
    are lanes, each reads as many channels at once as a pixel has."""
    lanes = ISAS[isa].lanes
    if ISAS[isa].items:
        return ITEM_LANES if channels % ITEM_LANES == 0 else 1
    if ISAS[isa].backend != "cpu" or channels < lanes or not 0 < filters % lanes <= lanes // 2:
        return 1
    return math.gcd(channels, max(depths_of(isa)))


def _depths(work: LaneWork, isa: IsaName) -> tuple[int, ...]:
    """How many neighbouring channels an entry may cover: 1, and more where a list's filters fit one vector."""
    own = work.shared == ISAS[isa].lanes or work.whole
    most = work.together if own else 1
    return tuple(depth for depth in depths_of(isa) if depth <= most)


def _estimated(work: LaneWork, isa: IsaName) -> tuple[int, ...]:
    """Those that may be best."""
    depths = [depth for depth in _depths(work, isa) if depth <= 2 or isa in FOURS]
    return tuple(depths if work.whole else depths[1:] or depths)


def _blocks(work: LaneWork, isa: IsaName) -> int:
    """Vectors of filters."""
    return -(-work.filters // ISAS[isa].lanes)


def _vectors(work: LaneWork, isa: IsaName, depth: int) -> tuple[int, ...]:
    """How many vectors of weights a list may have; those of several channels are for a part of as many filters as there
    are lanes, and as many of them as channels for one vector of filters."""
    if depth > 1:
        return tuple(vectors for vectors in (1, 2, 4) if vectors <= depth)
    return tuple(range(1, min(-(-work.shared // ISAS[isa].lanes), MOST_VECTORS, _blocks(work, isa)) + 1))


def _lists(vectors: int, depth: int) -> int:
    """Of a group: see ``LaneSchedule.lists``."""
    return max(1, depth // vectors)


def _kept(work: LaneWork, vectors: int, depth: int) -> float:
    """The share of the positions that a list keeps."""
    return work.half_density if vectors < depth else work.density


def _entries(work: LaneWork, vectors: int, depth: int) -> float:
    """Of a list."""
    return _kept(work, vectors, depth) * work.channels * work.taps / depth


def _shapes(vectors: int, depth: int, work: LaneWork, isa: IsaName) -> list[tuple[int, int]]:
    """The vectors with each number of pixels that a tile may have."""
    most = most_pixels(vectors, isa, _lists(vectors, depth))
    return [(vectors, pixels) for pixels in range(1, min(most, work.longest) + 1)]


def even(width: int, pixels: int) -> int:
    """The width of tiles, at most ``pixels``, that a row is cut into with none narrower than by one pixel."""
    columns = -(-width // pixels)
    return -(-width // columns)


def most_pixels(vectors: int, isa: IsaName, lists: int = 1) -> int:
    """Pixels whose sums leave room for the weights of a list and an input. On a processor sums of lists that are done
    need none: few are left of them, and these wait in memory."""
    registers = ISAS[isa].registers - (1 if isa == "portable" else 0)  # SSE multiplies into a register of its own
    sums = vectors * (lists if ISAS[isa].backend == "opencl" else 1)
    weights_held = (registers - vectors - 1) // sums
    inputs_held = (registers - 1) // (sums + 1)
    return min(MOST_PIXELS[ISAS[isa].backend], max(weights_held, inputs_held))


def _cycles(shape: tuple[int, int], depth: int, work: LaneWork, isa: IsaName) -> float:
    """Of tiles of V vectors and P pixels."""
    vectors, pixels, lanes = shape[0], even(work.width, shape[1]), ISAS[isa].lanes
    blocks, lists = _blocks(work, isa), _lists(vectors, depth)
    # The last group's last lists may have no filters.
    filled = lists if lists == 1 else -(-work.filters * depth // (vectors * lanes)) / blocks
    entries = max(1.0, _entries(work, vectors, depth))
    columns = -(-work.width // pixels)
    wide = work.width - columns * (pixels - 1)
    whole, rest = divmod(blocks * depth // lists, vectors)
    total = 0.0
    for count, v in ((whole, vectors), (1 if rest else 0, rest)):
        for tiles, p in ((wide, pixels), (columns - wide, pixels - 1)):
            if v * p:
                own = filled * entries * step_cycles(v, p, depth, lanes)
                total += count * tiles * (own + tile_cycles(v, p, depth, filled, ISAS[isa]))
    return total


def _channel_block(work: LaneWork, vectors: int, depth: int, pixels: int, lanes: int) -> int:
    """Blocks of equal size, in whole vectors of channels."""
    kept, core = _kept(work, vectors, depth), CORES[lanes]
    if work.density > ALL_BUT:
        most, streams = core.entries / work.taps, core.streams
    else:
        side = math.isqrt(work.taps)
        streams = core.sparse_streams
        most = core.tile_bytes / (4 * side * ((pixels - 1) * work.stride + side))
        if pixels < ENOUGH_PIXELS:
            weights = kept * work.taps * vectors * _lists(vectors, depth) * lanes / depth
            most = min(most, max(core.list_bytes / max(4 * weights, 1e-3), work.channels / MOST_BLOCKS))
    pages = min(1.0, 4 * lanes * work.rows * work.row_floats / PAGE_BYTES)
    groups = work.filters * depth / (vectors * _lists(vectors, depth) * lanes)
    most = min(most, streams * math.sqrt(groups / (max(kept, 1e-3) * pages)))
    size = -(-work.channels // max(1, round(work.channels / most)))
    return min(work.channels, -(-size // CHANNEL_GRAIN) * CHANNEL_GRAIN)


def _split(work: LaneWork, tiles: int, groups: int, threads: int) -> Literal["filters", "pixels"]:
    """Every piece of filters reads all of the input, every piece of pixels all weights: the lesser is read again, where
    there are tiles enough; else what can be shared out more evenly."""
    if threads > 1 and tiles >= MANY_TILES * threads and _reads_more_input(work):
        return "pixels"

    def waste(count: int) -> float:
        return -(-count // threads) * threads / count

    return "pixels" if waste(tiles) < GAIN * waste(groups) else "filters"


def _reads_more_input(work: LaneWork) -> bool:
    """Whether a pass over the input brings in more than one over the weights."""
    read, weights = work.channels * work.row_floats * work.rows, work.filters * work.channels * work.taps
    return read > work.density * weights
