"""Depthwise kernels with pixels in lanes: how they walk down a plane, and which walks there are."""

from __future__ import annotations

from itertools import product

import pytest

from npas.compiler.plan import Kernel
from npas.compiler.schedules.planar import MOST_VECTORS, PlanarWork, planar_schedule, walks_of
from npas.compiler.views_kernels import Walk, walk_of
from npas.ops import Conv2d
from npas.targets.isa import CPU_ISAS, ISAS, IsaName

PADS = ((0, 0), (1, 1), (1, 0), (0, 2), (3, 3), (5, 1))


def kernel_of(rows: int, taps: int, stride: int, dilation: int, pads: tuple[int, int], strips: int) -> Kernel | None:
    """Of planes so many rows high, and a column wide; None where no window or no strip fits."""
    op = Conv2d(
        filters=2,
        kernel=(taps, 1),
        stride=(stride, 1),
        dilation=(dilation, 1),
        pads=(pads[0], 0, pads[1], 0),
        groups=2,
        bias=False,
    )
    try:
        _, _, height, width = op.infer(((1, 2, rows, 1),))
    except ValueError:
        return None
    if strips > height:
        return None
    return Kernel(
        name="",
        template="depthwise_planar",
        window=op.kernel,
        stride=op.stride,
        dilation=op.dilation,
        pads=op.pads[:2],
        read=(rows, 1),
        written=(height, width),
        vectors=1,
        strips=strips,
    )


def steps(kernel: Kernel, walk: Walk, strip: int) -> dict[int, list[tuple[int, int]]]:
    """The (row of the input, tap) pairs of each row of the output that a strip completes."""
    at_hand, rows = walk.strips[strip], kernel.read[0]
    sums: list[list[tuple[int, int]]] = [[] for _ in range(walk.open_rows)]
    for line in at_hand.before:
        assert 0 <= at_hand.under + line.offset < rows
        for row, tap in line.uses:
            sums[row].append((at_hand.under + line.offset, tap))
    done = {}
    for step in range(walk.rows):
        for line in walk.step:
            at = at_hand.under + step * kernel.stride[0] + line.offset
            within = 0 <= at < rows
            assert within or not walk.inside[0] <= step < walk.inside[1]
            for row, tap in line.uses:
                sums[row] += [(at, tap)] * within
        done[at_hand.first + step] = sums[0]
        sums = [*sums[1:], []]
    return done


@pytest.mark.parametrize("strips", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_each_row_of_the_output_meets_what_lies_under_its_window_once(stride, strips):
    inside = set()
    for rows, taps, dilation, pads in product((1, 2, 5, 9), (1, 2, 3, 5), (1, 2, 3), PADS):
        kernel = kernel_of(rows, taps, stride, dilation, pads, strips)
        if kernel is None:
            continue
        walk, written = walk_of(kernel, lanes=4), set[int]()
        inside.add("none" if walk.inside == (0, 0) else "all" if walk.inside == (0, walk.rows) else "some")
        for strip in range(strips):
            for row, found in steps(kernel, walk, strip).items():
                under = [(row * stride - pads[0] + tap * dilation, tap) for tap in range(taps)]
                assert sorted(found) == [(at, tap) for at, tap in under if 0 <= at < rows]
                written.add(row)
        assert written == set(range(kernel.written[0]))
    assert inside == {"none", "all", "some"} or strips > 1


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_walks_are_short_enough_to_be_written_out_and_repeat_nothing(isa: IsaName):
    for taps, stride, rows, width in product((1, 3), (1, 3), (4, 5, 8), (20, 448)):
        work = PlanarWork((taps, 3), (stride, 1), (1, 1), (0, 1), (stride * (rows - 1) + taps, width), (rows, width))
        walks = walks_of(work, isa)
        assert (1, 1) in walks
        for vectors, strips in walks:
            assert vectors <= MOST_VECTORS
            assert vectors * ISAS[isa].lanes <= width or vectors == 1
            size = -(-rows // strips)
            assert len({min(strip * size, rows - size) for strip in range(strips)}) == strips
        chosen = planar_schedule(work, isa)
        assert (chosen.vectors, chosen.strips) in walks
