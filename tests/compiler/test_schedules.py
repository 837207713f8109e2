"""Default schedules fit the registers of every instruction set, and a build's own ones are taken."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import lowered
from pydantic import ValidationError

from npas.compiler.indexed import Options
from npas.compiler.schedules.depthwise import MOST_DEPTHWISE, depthwise_pixels, depthwise_schedule, edges_within
from npas.compiler.schedules.lanes import LaneWork, lane_schedules, whole_together
from npas.compiler.schedules.pixels import MOST_LINEAR, ConvWork, conv_schedule, linear_schedule
from npas.compiler.schedules.records import (
    AnySchedule,
    DepthwiseSchedule,
    LaneSchedule,
    PackedSchedule,
    PlanarSchedule,
    Schedule,
    WinogradSchedule,
)
from npas.errors import UnsupportedError
from npas.graph.builder import Builder
from npas.ops import Conv2d
from npas.targets.isa import ISAS

WITH_VECTORS = [name for name, isa in ISAS.items() if not isa.items]
"""The others' are in test_item_schedules.py."""


@pytest.mark.parametrize("isa", ISAS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    filters=st.integers(1, 70),
    channels=st.integers(1, 600),
    grouped=st.booleans(),
    reach=st.integers(0, 3000),
    run=st.integers(1, 60_000),
    share=st.booleans(),
    threads=st.integers(1, 8),
)
def test_schedules_fit_the_registers(isa, filters, channels, grouped, reach, run, share, threads):
    work = ConvWork(filters, channels, grouped, reach, run, filters if share else 1)
    schedule = conv_schedule(work, isa, threads)
    rows, vectors = schedule.rows, schedule.vectors
    # Accumulators, and beside them the pixels of a tile (more than one row) or one weight.
    assert rows * vectors + (min(vectors, 3) if rows > 1 else 1) <= ISAS[isa].registers
    assert rows <= max(1, work.shared)
    assert rows in (1, 2, 4, 8)
    assert 1 <= schedule.channel_block <= channels
    assert schedule.tiles_at_a_time >= 1
    tile = vectors * ISAS[isa].lanes
    assert (-(-run // tile)) * tile - run < tile


@pytest.mark.parametrize("isa", ISAS)
def test_fully_connected_schedules_write_what_the_arena_allows(isa):
    for filters in (1, 3, 16, 63, 64, 1000):
        for shared in {1, min(8, filters), filters}:
            schedule = linear_schedule(filters, 100, shared, isa)
            lanes = ISAS[isa].lanes
            half = ISAS[isa].backend == "cpu" and 2 * shared == lanes  # a vector would have the columns of two lists
            assert schedule.rows == (1 if shared == 1 else shared if half else schedule.vectors * lanes)
            assert schedule.rows <= max(shared, lanes)  # else one would read the columns of others
            assert MOST_LINEAR % schedule.rows == 0


def check_tiles(width: int, pixels: int) -> None:
    """A row is cut into tiles of that many pixels and of one fewer; at least one is whole."""
    columns = -(-width // pixels)
    assert 1 <= width - columns * (pixels - 1) <= columns


@pytest.mark.parametrize("isa", WITH_VECTORS)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    filters=st.integers(1, 300),
    channels=st.integers(1, 2048),
    taps=st.sampled_from([1, 3, 9, 25, 49]),
    rows=st.integers(1, 120),
    width=st.integers(1, 3200),
    row_floats=st.integers(1, 3200),
    dense=st.booleans(),
    together=st.sampled_from([1, 2, 4]),
    density=st.floats(0.0, 1.0),
    threads=st.integers(1, 8),
)
def test_schedules_with_filters_in_lanes_fit_the_registers(
    isa, filters, channels, taps, rows, width, row_floats, dense, together, density, threads
):
    lanes = ISAS[isa].lanes
    shared = max(filters if dense else 8, lanes)
    work = LaneWork(filters, channels, taps, rows, width, row_floats, shared, together, 1.0 if dense else density)
    schedule = lane_schedules(work, isa, threads)[0]
    vectors, pixels = schedule.vectors, schedule.pixels
    # Sums (of one list at a time, on a processor), and beside them one operand's vectors, the fewer, and one of the
    # other's.
    assert vectors >= 1
    assert pixels >= 1
    lists = schedule.lists if ISAS[isa].backend == "opencl" else 1
    assert vectors * lists * pixels + min(vectors, pixels) + 1 <= ISAS[isa].registers
    check_tiles(width, pixels)
    assert schedule.depth <= together
    assert vectors * schedule.lists == schedule.planes * schedule.depth
    assert schedule.planes <= -(-filters // lanes)  # no vector of fillers only
    # Filters of one list share it; the last vector may have fewer than there are lanes.
    assert vectors * lanes // schedule.depth <= -(-shared // lanes) * lanes
    assert 1 <= schedule.channel_block <= channels
    assert 1 <= schedule.tiles_at_a_time <= -(-width // pixels) * rows


def test_wide_layers_hold_more_than_one_vector_of_filters():
    work = LaneWork(64, 64, 9, 28, 28, 60, 64, 1, 1.0)
    assert all(lane_schedules(work, isa, 1)[0].vectors > 1 for isa in WITH_VECTORS)


@pytest.mark.parametrize("isa", ["avx2", "avx512"])
def test_pairs_of_channels_are_taken_where_a_list_is_one_vectors(isa):
    lanes = ISAS[isa].lanes
    depths = [
        lane_schedules(LaneWork(64, 64, 9, 28, 28, 60, shared, together, 0.3), isa, 1)[0].depth
        for shared, together in ((lanes, 2), (lanes, 1), (2 * lanes, 2))
    ]
    assert depths == [2, 1, 1]


@pytest.mark.parametrize(("isa", "lists"), [("avx2", 1), ("avx512", 2)])
def test_half_a_vector_of_filters_has_a_list_of_its_own_where_that_is_shorter(isa, lists):
    """A block's eight filters are a vector of AVX2's and half of one of AVX-512's, where two blocks share no list."""
    kept = {"avx2": (0.2, 0.2), "avx512": (0.36, 0.2)}[isa]
    work = LaneWork(64, 64, 9, 28, 28, 60, ISAS[isa].lanes, 2, kept[0], half_density=kept[1])
    best = lane_schedules(work, isa, 1)[0]
    assert (best.depth, best.lists) == (2, lists)


@pytest.mark.parametrize(("isa", "depth"), [("avx2", 2), ("avx512", 4), ("opencl16", 2)])
def test_long_lists_take_four_channels_at_a_time_where_a_vector_is_long(isa, depth):
    work = LaneWork(256, 256, 9, 14, 14, 16, ISAS[isa].lanes, 4, 0.36, half_density=0.2)
    assert lane_schedules(work, isa, 1)[0].depth == depth


@pytest.mark.parametrize(
    ("filters", "channels", "depth"),
    [(24, 144, 2), (40, 120, 2), (32, 144, 1), (28, 144, 1), (24, 16, 1), (200, 80, 1)],
)
def test_half_a_vector_of_filters_is_not_filled_up(filters, channels, depth):
    """Where dense layers would compute a fourth in vain; not where lists are short, or nearly all vectors are full."""
    together = whole_together(filters, channels, "avx512")
    work = LaneWork(filters, channels, 1, 1, 56 * 56, 56 * 56, filters, together, 1.0, longest=28)
    assert lane_schedules(work, "avx512", 1)[0].depth == depth


def test_only_what_several_channels_may_fill_is_together():
    assert whole_together(24, 30, "avx512") == 2
    assert whole_together(24, 31, "avx512") == 1
    assert whole_together(24, 8, "avx512") == 1  # of an image with planes
    assert whole_together(24, 144, "opencl16") == 1
    assert whole_together(20, 64, "avx2") == 4


def test_short_lists_take_two_channels_at_a_time():
    """Twice as many tiles, each with two steps of sums of neighbours, cost more than a few entries save."""
    short, long = (
        lane_schedules(LaneWork(384, channels, 1, 1, 196, 196, 16, 4, 0.36, half_density=0.2), "avx512", 1)[0]
        for channels in (64, 512)
    )
    assert (short.depth, short.lists) == (2, 2)
    assert (long.depth, long.vectors, long.lists, long.pixels) == (4, 2, 2, 14)


def test_threads_take_pixels_where_filters_cannot_be_shared_out_evenly():
    narrow, wide = (LaneWork(filters, 16, 9, 28, 28, 60, filters, 1, 1.0) for filters in (8, 256))
    assert lane_schedules(narrow, "avx2", 2)[0].split == "pixels"
    assert lane_schedules(wide, "avx2", 2)[0].split == "filters"


@pytest.mark.parametrize("isa", ISAS)
def test_depthwise_schedules_fit_the_registers(isa):
    for width in range(1, 130):
        for window in range(1, 12):
            pixels = depthwise_schedule(width, window, isa).pixels
            assert pixels + min(window, 8) + 1 <= ISAS[isa].registers
            check_tiles(width, pixels)


@pytest.mark.parametrize(
    ("wanted", "kernel"),
    [
        (
            Schedule(rows=2, vectors=3, tiles_at_a_time=2, channel_block=3, split="pixels"),
            "conv_indexed_avx2_r2p3",
        ),
        (
            LaneSchedule(vectors=2, pixels=3, tiles_at_a_time=2, channel_block=3, split="pixels"),
            "conv_lanes_avx2_v2n1p3s8_ahead_blocks",
        ),
        (
            LaneSchedule(vectors=4, depth=2, pixels=1, tiles_at_a_time=1, channel_block=8),
            "conv_lanes_avx2_v4n2d2p1s8_ahead",
        ),
    ],
    ids=["pixels", "lanes", "pairs"],
)
def test_a_schedule_that_was_asked_for_is_taken(wanted: AnySchedule, kernel):
    builder = Builder("net")
    x = builder.conv(builder.input((8, 9, 12)), 24, 3, name="layer")
    plan = lowered(builder.graph(x), options=Options(schedules={"layer": wanted})).plan
    assert plan.weights_layers[0].stored.schedule == wanted
    assert [k.name for k in plan.kernels] == [kernel]


def test_a_depthwise_schedule_that_was_asked_for_is_taken():
    builder = Builder("net")
    x = builder.conv(builder.input((8, 9, 9)), 8, 3, stride=(1, 2), groups=8, name="layer")
    for pixels in (1, 3, 5):
        wanted = DepthwiseSchedule(pixels=pixels)
        plan = lowered(builder.graph(x), options=Options(schedules={"layer": wanted})).plan
        assert plan.weights_layers[0].stored.schedule == wanted
        assert [k.name for k in plan.kernels] == [f"depthwise_lanes_avx2_k3x3_s1x2_p{pixels}_e1x1"]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pads", [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (4, 4), (1, 4), (3, 0)])
@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 1), (5, 1), (3, 2), (3, 4)])
def test_only_the_first_and_the_last_tile_of_a_row_reach_over_the_image(kernel, dilation, pads, stride):
    """All columns under the windows of those between are the image's."""
    (left, right), reach = pads, (kernel - 1) * dilation
    for width, pixels in product((*range(1, 18), 33), (1, 2, 3, 5, 8)):
        written = (width + left + right - reach - 1) // stride + 1
        if written < 1:
            continue
        op = Conv2d(filters=8, kernel=(1, kernel), stride=(1, stride), dilation=(1, dilation), pads=(0, left, 0, right))
        edges = edges_within(op, width, written)
        assert edges is not None
        columns = np.arange(written)[:, None] * stride + np.arange(kernel) * dilation - left
        assert edges == (left, max(columns.max() + 1 - width, 0))
        wanted = depthwise_pixels(written, pixels, edges, stride)
        assert wanted == depthwise_pixels(written, wanted, edges, stride)  # as a lock names it
        tiles = -(-written // wanted)
        wide = written - tiles * (wanted - 1)
        ends = np.cumsum([wanted] * wide + [wanted - 1] * (tiles - wide))
        assert (ends[-1], wide > 0) == (written, True)
        outside = (columns < 0).any(axis=1), (columns >= width).any(axis=1)
        assert tiles == 1 or not outside[0][ends[0] :].any()
        assert tiles == 1 or not outside[1][: ends[-2]].any()
        assert wanted <= MOST_DEPTHWISE


def test_windows_that_reach_far_over_the_image_find_margins():
    builder = Builder("net")
    op = Conv2d(filters=8, kernel=(3, 3), dilation=(5, 5), pads=(5, 5, 5, 5), groups=8)
    x = builder.node(op, builder.conv(builder.input((8, 33, 33)), 8, 1, name="before"), name="layer")
    plan = lowered(builder.graph(x)).plan
    assert [kernel.edges for kernel in plan.kernels if kernel.template == "depthwise_lanes"] == [(0, 0)]
    read = plan.values[plan.weights_layers[1].inputs[0]].layout
    assert (read.pitch, read.origin) == (33 + 5, 5)  # rows outside the image are left out, too


def test_a_depth_that_does_not_divide_the_channels_is_refused():
    builder = Builder("net")
    x = builder.conv(builder.input((11, 9, 9)), 16, 3, name="odd")
    wanted = LaneSchedule(vectors=2, depth=2, pixels=3, tiles_at_a_time=4, channel_block=11)
    with pytest.raises(UnsupportedError, match=r"node odd: the depth .* 11 input channels, got 2"):
        lowered(builder.graph(x), options=Options(schedules={"odd": wanted}))


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (Schedule(rows=8, vectors=1, channel_block=8), "rows"),
        (Schedule(rows=8, vectors=1, channel_block=8), "channel_block"),
        (PackedSchedule(lines=4, channel_block=8), "lines"),
        (LaneSchedule(vectors=2, pixels=6, tiles_at_a_time=4, channel_block=8), "pixels"),
        (LaneSchedule(vectors=2, pixels=6, tiles_at_a_time=4, channel_block=8), "channel_block"),
        (DepthwiseSchedule(pixels=4), "pixels"),
        (PlanarSchedule(vectors=1), "strips"),
        (WinogradSchedule(tile=4, vectors=1, pixels=3, tiles_at_a_time=4), "tiles_at_a_time"),
    ],
)
@pytest.mark.parametrize("count", [0, -1])
def test_schedules_of_nothing_are_refused(record: AnySchedule, field: str, count: int) -> None:
    """A lock may be edited: what it says reaches divisions and loops of the runtime."""
    with pytest.raises(ValidationError, match=field):
        type(record).model_validate({**record.model_dump(), field: count})


def test_rows_that_no_fully_connected_kernel_has_are_refused() -> None:
    builder = Builder("net")
    x = builder.linear(builder.flatten(builder.input((32, 1, 1))), 24, name="layer")
    for rows in (1, 4, 8, 16):
        wanted = Schedule(rows=rows, vectors=1, channel_block=32)
        lowered(builder.graph(x), options=Options(schedules={"layer": wanted}))
    for rows in (2, 7, 12):
        wanted = Schedule(rows=rows, vectors=1, channel_block=32)
        with pytest.raises(UnsupportedError, match=rf"node layer: the rows .* got {rows}"):
            lowered(builder.graph(x), options=Options(schedules={"layer": wanted}))


@pytest.mark.parametrize(
    ("isa", "vectors", "depth"), [("opencl16", 2, 4), ("avx2", 3, 4), ("avx2", 3, 2), ("avx512", 3, 3)]
)
def test_a_depth_that_no_kernel_has_is_refused(isa, vectors, depth):
    builder = Builder("net")
    x = builder.conv(builder.input((12, 9, 9)), 16, 3, name="layer")
    wanted = LaneSchedule(vectors=vectors, depth=depth, pixels=2, tiles_at_a_time=4, channel_block=12)
    with pytest.raises(UnsupportedError, match=rf"node layer: .* got depth {depth}, vectors {vectors}"):
        lowered(builder.graph(x), isa=isa, options=Options(schedules={"layer": wanted}))


def test_threads_read_the_lesser_of_input_and_weights_again():
    """Many channels of a large map to few filters: each thread takes pixels, or both would read all of it."""
    reducing = LaneWork(64, 256, 1, 1, 56 * 56, 56 * 56, 64, 1, 1.0)
    late = LaneWork(512, 512, 9, 7, 7, 9, 512, 1, 1.0)
    assert lane_schedules(reducing, "avx2", 2)[0].split == "pixels"
    assert lane_schedules(late, "avx2", 2)[0].split == "filters"
