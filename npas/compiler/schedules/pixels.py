"""Default schedules: how much of the work a kernel holds in registers and caches, from shapes alone.

A kernel keeps rows x vectors sums, one vector per pixel tile and a broadcast weight; the limits below leave no
register unused and spill none. Every group of filters passes over the same few tiles, so these stay in the nearest
cache: where all channels do not fit there, they are worked through in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass

from npas.compiler.schedules.records import AnySchedule, Schedule
from npas.compiler.schedules.space import WORK_GROUP, WORK_GROUPS, Axes, Space, halvings, parts
from npas.targets.isa import ISAS, IsaName

NEAR_CACHE_BYTES = 15 * 1024
"""What a channel block's input may take of a 32 KiB first-level cache; weights, offsets and sums pass through it."""

MOST_LINEAR = 64
"""Filters that a fully connected kernel writes at once: arrays are rounded up to as many floats."""

LINEAR_ITEMS = 64
"""Of a work group that shares out a list of columns, where work items are lanes of a device."""
_FEWEST_ITEMS = 16
_UNUSED = Schedule.model_fields["tiles_at_a_time"].default

_WIDEST: dict[int, dict[int, int]] = {
    4: {1: 8, 2: 5, 4: 3, 8: 1},
    8: {1: 12, 2: 5, 4: 3, 8: 1},
    16: {1: 16, 2: 12, 4: 6, 8: 3},
}
"""Rows -> most vectors of pixels without a spill, by lanes."""


@dataclass(frozen=True, slots=True)
class ConvWork:
    """What a convolution's default schedule depends on."""

    filters: int
    channels: int
    grouped: bool
    """Whether filters read only the channels of their own group (depthwise, say)."""
    reach: int
    """Floats between the first and the last tap's pixel, in one phase."""
    run: int
    """Floats in an output plane, margins between rows included."""
    shared: int
    """Filters that share a list (at least)."""
    phases: int = 1
    """Planes that a channel's input is split into."""


def conv_schedule(work: ConvWork, isa: IsaName, threads: int) -> Schedule:
    """Schedule of a convolution."""
    lanes = ISAS[isa].lanes
    needed = -(-work.run // lanes)
    rows = next(r for r in _preferred_rows(isa, needed) if r <= max(work.shared, 1))
    tiles = -(-needed // _WIDEST[ISAS[isa].lanes][rows])
    vectors = -(-needed // tiles)
    if ISAS[isa].backend == "opencl":
        return Schedule(rows=rows, vectors=vectors, tiles_at_a_time=WORK_GROUP, channel_block=work.channels)
    if work.grouped:
        # A filter of a grouped convolution passes over its own few channels once, all tiles in a row.
        whole = Schedule(rows=rows, vectors=vectors, tiles_at_a_time=tiles, channel_block=work.channels)
        return _shared_out(whole, work, tiles, threads)
    at_a_time = 2 if rows > 1 else 1
    footprint = work.phases * (at_a_time * vectors * lanes + work.reach) * 4
    blocks = -(-work.channels // max(4, NEAR_CACHE_BYTES // footprint))
    schedule = Schedule(
        rows=rows,
        vectors=vectors,
        tiles_at_a_time=at_a_time if blocks > 1 else 4,
        channel_block=-(-work.channels // blocks),
    )
    return _shared_out(schedule, work, tiles, threads)


def conv_space(work: ConvWork, isa: IsaName, threads: int) -> Space:
    """All schedules of a convolution."""
    lanes, widest = ISAS[isa].lanes, _WIDEST[ISAS[isa].lanes]
    needed = -(-work.run // lanes)
    axes: Axes = {
        "rows": tuple(r for r in widest if r <= max(work.shared, 1)),
        "vectors": tuple(range(1, min(widest[1], needed) + 1)),
        "tiles_at_a_time": halvings(needed),
        "channel_block": (work.channels,) if work.grouped else parts(work.channels, 1),
        "split": ("filters", "pixels") if threads > 1 else ("filters",),
    }
    if ISAS[isa].backend == "opencl":
        own = {"tiles_at_a_time": WORK_GROUPS, "channel_block": (work.channels,), "split": ("filters", "pixels")}
        axes = {**axes, **own}

    def fits(schedule: AnySchedule) -> bool:
        assert isinstance(schedule, Schedule)
        return schedule.vectors <= widest.get(schedule.rows, 0)

    return Space({"pixels": axes}, fits)


def _preferred_rows(isa: IsaName, needed: int) -> tuple[int, ...]:
    """Most rows that still fill the registers: narrow planes have few vectors, so they take more filters."""
    best = max((8, 4), key=lambda r: r * min(_WIDEST[ISAS[isa].lanes][r], needed))
    return (best, 4, 2, 1) if best == 8 else (4, 2, 1)


def _shared_out(schedule: Schedule, work: ConvWork, tiles: int, threads: int) -> Schedule:
    """Threads take filters where there are enough groups to balance, else pixels."""
    groups = -(-work.filters // schedule.rows)
    by_pixels = groups < 4 * threads and tiles >= 2 * threads
    return schedule.model_copy(update={"split": "pixels"}) if by_pixels else schedule


def linear_schedule(filters: int, columns: int, shared: int, isa: IsaName) -> Schedule:
    """Schedule of a fully connected layer: filters side by side in lanes where ``shared`` of them, at least two, share
    their columns. More than those would be stored with the columns of all."""
    lanes, items = ISAS[isa].lanes, LINEAR_ITEMS if ISAS[isa].items else _UNUSED
    if shared == 1:
        return Schedule(rows=1, vectors=1, tiles_at_a_time=items, channel_block=columns)
    if ISAS[isa].items:
        return Schedule(rows=lanes, vectors=1, tiles_at_a_time=items, channel_block=columns)
    vectors = 2 if filters >= 4 * lanes and shared >= 2 * lanes else 1
    return Schedule(rows=_linear_rows(vectors, shared, isa), vectors=vectors, channel_block=columns)


def linear_space(columns: int, shared: int, isa: IsaName) -> Space:
    """All schedules of a fully connected layer."""
    lanes = ISAS[isa].lanes
    vectors = tuple(v for v in (1, 2, 4, 8) if v == 1 or v * lanes <= min(MOST_LINEAR, shared)) if shared > 1 else (1,)
    axes: Axes = {
        "rows": tuple(_linear_rows(v, shared, isa) for v in vectors),
        "vectors": vectors,
        "tiles_at_a_time": tuple(n for n in WORK_GROUPS if n >= _FEWEST_ITEMS) if ISAS[isa].items else (_UNUSED,),
        "channel_block": (columns,),
        "split": ("filters",),
    }

    def fits(schedule: AnySchedule) -> bool:
        assert isinstance(schedule, Schedule)
        return schedule.rows == _linear_rows(schedule.vectors, shared, isa)

    return Space({"pixels": axes}, fits)


def _linear_rows(vectors: int, shared: int, isa: IsaName) -> int:
    """Filters that a fully connected kernel works on at once: one, whole vectors, or, of lists that half a vector
    shares, that half (two lists in a vector would be stored with the columns of both)."""
    lanes, backend = ISAS[isa].lanes, ISAS[isa].backend
    if shared == 1:
        return 1
    return shared if backend == "cpu" and 2 * shared == lanes else vectors * lanes
