"""Default schedules of Winograd kernels, and whether one pays: an estimate of cycles against direct convolution.

| symbol | meaning |
| --- | --- |
| r | taps on a kernel's side; a stride of s leaves ceil(k / s) of k to each of s^2 phases, which count as channels |
| m | output pixels on a tile's side; (m + r - 1)^2 positions |
| T | tiles in the output |
| N | tiles at a time: transformed, multiplied and transformed back before the next ones |
| V, P | vectors of filters and tiles whose sums stand in registers |
"""

from __future__ import annotations

from dataclasses import dataclass

from npas.compiler.schedules.core import CORES, step_cycles
from npas.compiler.schedules.lanes import most_pixels
from npas.compiler.schedules.records import AnySchedule, WinogradSchedule
from npas.compiler.schedules.space import PLACEMENTS, Axes, Space, halvings
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d
from npas.targets.isa import ISAS, IsaName

SIDES = (4, 6, 8)
"""Of tiles, m + r - 1: the points that the transforms are made for."""
MOST_TAPS = 5
MOST_VECTORS = 4
"""Of filters in registers."""

_Shape = tuple[int, int, int]
"""m, V, P"""

INPUT_CYCLES = 4.0
"""Of a position of one vector of channels on its way into the transformed tile."""
OUTPUT_CYCLES = 3.5
GATHER_CYCLES = 8.0
"""More of a position where its lanes are gathered from as many planes."""
MEMORY_BYTES, CACHE_BYTES = 6.0, 16.0
"""Of transformed weights that a cycle brings in: from memory the first time, from the last-level cache later."""
AVX512_MEMORY_BYTES = 12.0
"""The former on processors with AVX-512: on Zen 5, a 3x3 layer of 512 channels on 7x7 takes 560 us so and 910 us
directly, one of 256 channels on 14x14 340 us, whole networks' weights passing between two uses."""
HIDDEN = 0.7
"""Share of the lesser of reading and multiplying that goes on behind the other."""
WORK_BYTES = 768 * 1024
"""Of transformed tiles and sums at a time."""
NEAR_BYTES = 224 * 1024
"""The same where all weights have no more, so that both stay in a second-level cache: ResNet-18's first layer took 1.86
ms by tiles of 768 KiB and 1.6 by these."""
LINE = 16
"""Floats in a cache line."""
MARGIN = 0.92
"""Share of the direct kernel's cycles below which the estimate is trusted."""


def taps_of(kernel: int, stride: int) -> int:
    """r: a kernel's taps on a side of its largest phase."""
    return -(-kernel // stride)


@dataclass(frozen=True, slots=True)
class WinogradWork:
    """A dense convolution with a square kernel."""

    filters: int
    channels: int
    height: int
    width: int
    """Of the output."""
    kernel: int = 3
    stride: int = 1

    @property
    def taps(self) -> int:
        return taps_of(self.kernel, self.stride)

    @property
    def tiles(self) -> tuple[int, ...]:
        """Every m there is."""
        return tuple(m for m in (side - self.taps + 1 for side in SIDES) if m >= 2)

    def side(self, m: int) -> int:
        """Of a tile of one phase of the input."""
        return m + self.taps - 1

    @property
    def terms(self) -> int:
        """Products in a sum at one position."""
        return self.channels * self.stride**2


def fits(op: Conv2d) -> bool:
    """Whether the method computes this convolution."""
    square = op.kernel[0] == op.kernel[1] and op.stride[0] == op.stride[1]
    return square and op.groups == 1 and op.dilation == (1, 1) and 2 <= taps_of(op.kernel[0], op.stride[0]) <= MOST_TAPS


def work_of(graph: Graph, node: Node) -> WinogradWork | None:
    """A node as Winograd's method sees it; None where it does not compute that."""
    if not isinstance(node.op, Conv2d) or not fits(node.op):
        return None
    _, filters, height, width = graph.shapes[node.name]
    channels = graph.input_shapes(node)[0][1]
    return WinogradWork(filters, channels, height, width, node.op.kernel[0], node.op.stride[0])


def winograd_schedules(work: WinogradWork, isa: IsaName, threads: int) -> tuple[WinogradSchedule, ...]:
    """The fastest of each m by estimate, fastest first."""
    best = sorted(min((_cycles(c, work, isa), c) for c in _choices(work, m, isa)) for m in work.tiles)
    return tuple(_schedule(choice, work, isa, threads) for _, choice in best)


def cycles(work: WinogradWork, isa: IsaName) -> float:
    """Of the whole layer by its best schedule."""
    return min(_cycles(c, work, isa) for m in work.tiles for c in _choices(work, m, isa))


def winograd_schedule(work: WinogradWork, isa: IsaName, threads: int) -> WinogradSchedule | None:
    """The fastest by estimate; None where direct convolution is not slower. Where work items are lanes, only a search
    tries the method: its kernels are made for processors, and there is no estimate of them."""
    lanes = ISAS[isa].lanes
    if ISAS[isa].items:
        return None
    direct = work.height * work.width * work.channels * work.kernel**2 * -(-work.filters // lanes) / 2
    return winograd_schedules(work, isa, threads)[0] if cycles(work, isa) <= MARGIN * direct else None


def winograd_space(work: WinogradWork, isa: IsaName, threads: int) -> Space:
    """All schedules."""
    most = tiles_of(work, min(work.tiles))
    blocks = -(-work.filters // ISAS[isa].lanes)
    axes: Axes = {
        "tile": work.tiles,
        "vectors": tuple(range(1, min(MOST_VECTORS, blocks) + 1)),
        "pixels": tuple(range(1, min(most_pixels(1, isa), most) + 1)),
        "tiles_at_a_time": halvings(most),
        "split": ("tiles", "filters") if threads > 1 else ("tiles",),
        "placement": PLACEMENTS[ISAS[isa].backend],
    }

    def fits(schedule: AnySchedule) -> bool:
        assert isinstance(schedule, WinogradSchedule)
        if schedule.tile not in work.tiles:
            return False
        within = min(most_pixels(schedule.vectors, isa), tiles_of(work, schedule.tile))
        return schedule.pixels <= within and schedule.tiles_at_a_time <= tiles_of(work, schedule.tile)

    return Space({"winograd": axes}, fits)


def _choices(work: WinogradWork, m: int, isa: IsaName) -> list[_Shape]:
    blocks = -(-work.filters // ISAS[isa].lanes)
    return [
        (m, v, p)
        for v in range(1, min(MOST_VECTORS, blocks) + 1)
        for p in range(1, min(most_pixels(v, isa), tiles_of(work, m)) + 1)
    ]


def _schedule(choice: _Shape, work: WinogradWork, isa: IsaName, threads: int) -> WinogradSchedule:
    m, vectors, pixels = choice
    tiles = tiles_of(work, m)
    at_a_time = _at_a_time(m, pixels, work, ISAS[isa].lanes)
    chunks = -(-tiles // at_a_time)
    return WinogradSchedule(
        tile=m,
        vectors=vectors,
        pixels=pixels,
        tiles_at_a_time=at_a_time,
        split="tiles" if threads == 1 or chunks >= 4 * threads or chunks % threads == 0 else "filters",
    )


def _planar(work: WinogradWork, lanes: int) -> bool:
    """Whether the input has one channel in a pixel."""
    return work.channels < lanes


def _planes_in(work: WinogradWork, lanes: int) -> int:
    return planes_in(work.channels, work.stride, lanes, planar=_planar(work, lanes))


def planes_in(channels: int, stride: int, lanes: int, planar: bool) -> int:
    """Vectors that hold all channels and phases of a pixel of the input."""
    return -(-channels * stride**2 // lanes) if planar else -(-channels // lanes) * stride**2


def position_step(planes: int, schedule: WinogradSchedule, lanes: int) -> int:
    """Floats from one position of transformed tiles, or of sums, to the next: an odd number of cache lines.

    Otherwise all positions of a tile could fall into the same few sets of a cache. winograd_tiles.h computes the same.
    """
    return (-(-planes * schedule.tiles_at_a_time * lanes // LINE) | 1) * LINE


def tiles_of(work: WinogradWork, m: int) -> int:
    return -(-work.height // m) * -(-work.width // m)


def _at_a_time(m: int, pixels: int, work: WinogradWork, lanes: int) -> int:
    tiles, positions = tiles_of(work, m), work.side(m) ** 2
    padded = (_planes_in(work, lanes) + -(-work.filters // lanes)) * lanes
    weight_bytes = 4 * positions * work.terms * work.filters
    # All weights are read for every few tiles: where there are many, so are the tiles.
    work_bytes = NEAR_BYTES if weight_bytes <= NEAR_BYTES else max(WORK_BYTES, weight_bytes // 4)
    most = max(2 * pixels, work_bytes // (positions * padded * 4))
    chunks = -(-tiles // most)
    return -(-tiles // chunks)


def _cycles(choice: _Shape, work: WinogradWork, isa: IsaName) -> float:
    """Of F(m) with V vectors and P tiles in registers."""
    lanes = ISAS[isa].lanes
    m, vectors, pixels = choice
    positions, tiles = work.side(m) ** 2, tiles_of(work, m)
    planes_in, planes_out = _planes_in(work, lanes), -(-work.filters // lanes)
    groups = -(-planes_out // vectors)
    at_a_time = _at_a_time(m, pixels, work, lanes)
    chunks = -(-tiles // at_a_time)
    columns = -(-at_a_time // pixels) * chunks
    step, core = step_cycles(vectors, -(-tiles // columns), 1, lanes), CORES[lanes]
    multiply = groups * columns * (work.terms * step + core.tile + core.sum * vectors * pixels / 2)
    weights = positions * work.terms * planes_out * lanes * 4
    memory_bytes = AVX512_MEMORY_BYTES if isa == "avx512" else MEMORY_BYTES
    read = weights / memory_bytes + weights * (chunks - 1) / CACHE_BYTES
    read_in = INPUT_CYCLES + (GATHER_CYCLES if _planar(work, lanes) else 0.0)
    transforms = tiles * positions * (read_in * planes_in + OUTPUT_CYCLES * planes_out)
    both = (read, positions * multiply)
    return max(both) + (1 - HIDDEN) * min(both) + transforms
