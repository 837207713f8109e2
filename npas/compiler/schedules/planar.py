"""Schedules of depthwise kernels with pixels in lanes: between planes, whose rows need no margins.

A kernel walks a few vectors of a row down a plane. The sums of the rows whose windows are open stay in registers, as do
the weights of a small window, and each vector of the input is loaded once. Tall planes fall into strips that are walked
side by side, or sums would wait for one another.
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
"""Of a window, each written out for every vector and strip."""
MOST_VECTORS = 8
MOST_STRIPS = 4
"""Side by side; more gained nothing where they were tried."""
OVERLAPPED_ROWS = 80
"""Steps that a processor overlaps: in shorter walks it works on the next columns while sums wait for one another."""
LATENCY = 4.0
"""Cycles from one addition to the next of the same sum."""
STORE_CYCLES = 1.5
"""Of a vector of the output, its epilogue included."""
WALK_CYCLES = 10.0
"""Of a walk beside what it computes."""
LINE_CYCLES = 4.0
"""Of a cache line's way from the second-level cache."""
PLANE_BYTES = 24 * 1024
"""Of a plane that stays in the first-level cache."""
SPLIT_LOADS = 2.0
"""Of a tap's vector under stride 2, of which two vectors hold every other pixel."""


@dataclass(frozen=True, slots=True)
class PlanarWork:
    """A depthwise convolution as such a kernel sees it."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    pads: tuple[int, int]
    """Rows above the image and columns before it."""
    read: tuple[int, int]
    """Height and width of the input."""
    written: tuple[int, int]
    """And of the output."""

    @property
    def height(self) -> int:
        """Of the output."""
        return self.written[0]

    @property
    def width(self) -> int:
        """Of the output."""
        return self.written[1]

    def vectors(self, lanes: int) -> int:
        """Of a row of the output."""
        return -(-self.width // lanes)

    def column(self, tap: int, pixel: int) -> int:
        """Of the input, under a tap of an output pixel's window."""
        return pixel * self.stride[1] + tap * self.dilation[1] - self.pads[1]

    @property
    def open_rows(self) -> int:
        """Of the output, whose windows a row of the input may lie under."""
        return (self.kernel[0] - 1) * self.dilation[0] // self.stride[0] + 1

    def fits(self, lanes: int) -> bool:
        """Whether such kernels can compute it, and rows fill more than half of a vector: channels in lanes do better
        otherwise."""
        return (
            self.stride[1] in (1, 2)
            and 2 * self.width > lanes
            and prod(self.kernel) <= MOST_TAPS
            and self.pads[1] < ALIGNMENT
            and self.only_ends_reach_out(1, lanes)
        )

    def only_ends_reach_out(self, vectors: int, lanes: int) -> bool:
        """Whether only a row's first vector reaches beyond the image on the left, only its last one on the right, where
        it is computed by so many at a time, the last ones so that they end with it."""
        across = vectors * lanes
        begins = [lanes] if vectors > 1 else []
        ends = [self.width - lanes - 1] if vectors > 1 else []
        if self.width > across:
            begins += [across, self.width - across]
            ends += [(self.width - 1) // across * across - 1]
        return all(self.column(0, pixel) >= 0 for pixel in begins) and all(
            self.column(self.kernel[1] - 1, pixel) < self.read[1] for pixel in ends
        )


def work_of(graph: Graph, node: Node) -> PlanarWork:
    """Of a depthwise convolution."""
    op = node.op
    assert isinstance(op, Conv2d)
    (_, _, *read), (_, _, *written) = graph.input_shapes(node)[0], graph.shapes[node.name]
    return PlanarWork(op.kernel, op.stride, op.dilation, op.pads[:2], (read[0], read[1]), (written[0], written[1]))


def planar_schedule(work: PlanarWork, isa: IsaName) -> PlanarSchedule:
    """The fastest by estimate."""
    found = (PlanarSchedule(vectors=vectors, strips=strips) for vectors, strips in walks_of(work, isa))
    return min(found, key=lambda schedule: _cycles(schedule, work, isa))


def planar_space(work: PlanarWork, isa: IsaName) -> Space:
    """All schedules of such a layer."""
    choices = set(walks_of(work, isa))
    axes: Axes = {
        "vectors": tuple(sorted({vectors for vectors, _ in choices})),
        "strips": tuple(sorted({strips for _, strips in choices})),
    }

    def fits(schedule: AnySchedule) -> bool:
        assert isinstance(schedule, PlanarSchedule)
        return (schedule.vectors, schedule.strips) in choices

    return Space({"planar": axes}, fits)


def walks_of(work: PlanarWork, isa: IsaName) -> list[tuple[int, int]]:
    """Vectors and strips of which no strip repeats another, and whose sums leave registers for a pixel and a weight;
    one of each is always among them. A vector that is longer than a row writes over the beginning of the next one,
    which no other strip may have written before."""
    lanes, room = ISAS[isa].lanes, ISAS[isa].registers - 4
    return [
        (vectors, strips)
        for vectors in range(1, min(MOST_VECTORS, work.vectors(lanes)) + 1)
        for strips in range(1, min(MOST_STRIPS, work.height) + 1)
        if vectors * strips == 1 or (work.width >= vectors * lanes and work.open_rows * vectors * strips <= room)
        if work.only_ends_reach_out(vectors, lanes) and -(-work.height // -(-work.height // strips)) == strips
    ]


def _cycles(schedule: PlanarSchedule, work: PlanarWork, isa: IsaName) -> float:
    """Of a plane: two multiplications or two loads a cycle, which overlap in part, and in long walks the time from one
    addition to the next. Planes that the first-level cache does not hold come again for each walk down them."""
    on, taps = ISAS[isa], prod(work.kernel)
    side_by_side = schedule.vectors * schedule.strips
    lines = min(work.stride[0], work.kernel[0])
    loads = side_by_side * lines * work.kernel[1] * (1.0 if work.stride[1] == 1 else SPLIT_LOADS)
    if taps + work.open_rows * side_by_side + schedule.vectors > on.registers:
        loads += taps * schedule.strips
    multiplications = side_by_side * taps
    busy = max(loads, multiplications) / 2 + min(loads, multiplications) / 4 + side_by_side * STORE_CYCLES
    rows = -(-work.height // schedule.strips)
    waits = LATENCY * lines * work.kernel[1] * min(work.height / schedule.strips / OVERLAPPED_ROWS, 1.0)
    walks = -(-work.vectors(on.lanes) // schedule.vectors)
    height, width = work.read
    reads = LINE_CYCLES * height if height * width * 4 > PLANE_BYTES else 0.0
    return walks * (rows * max(busy, waits) + reads + schedule.strips * WALK_CYCLES)
