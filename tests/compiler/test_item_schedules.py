"""Schedules where work items are lanes of the device: enough of them for a GPU, and no more than it has room for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import network_of

from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.schedules.items import FEWEST_ENTRIES, LOCAL_BYTES, MOST_ITEMS, MOST_SUMS, item_schedules, item_space
from npas.compiler.schedules.lanes import LaneWork, cycles
from npas.compiler.schedules.records import LaneSchedule
from npas.errors import UnsupportedError
from npas.graph.builder import Builder

ISA = "opencl_gpu"


def work_of(filters: int, channels: int, taps: int, side: int, density: float = 1.0, together: int = 4) -> LaneWork:
    """A dense layer, or one whose lists eight filters share."""
    shared = filters if density == 1.0 else 8
    return LaneWork(filters, channels, taps, side, side, side, max(shared, 4), together, density)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    filters=st.integers(1, 600),
    channels=st.integers(1, 2048),
    taps=st.sampled_from([1, 3, 9, 25, 49]),
    side=st.integers(1, 224),
    density=st.floats(0.01, 1.0),
    together=st.sampled_from([1, 2, 4]),
)
def test_what_is_estimated_best_fits_the_device(
    filters: int, channels: int, taps: int, side: int, density: float, together: int
) -> None:
    work = work_of(filters, channels, taps, side, density, together)
    for schedule in item_schedules(work):
        assert schedule in item_space(work)
        own = schedule.vectors * 4 // schedule.depth
        sums = own * schedule.pixels
        assert own <= max(4, -(-filters // 4) * 4)
        assert sums <= MOST_SUMS
        assert schedule.depth <= together
        size = schedule.tiles_at_a_time * schedule.slices
        assert 32 <= size <= MOST_ITEMS
        if schedule.slices > 1:
            assert 4 * size * sums <= LOCAL_BYTES
            assert density * channels * taps / schedule.depth >= FEWEST_ENTRIES * schedule.slices


@pytest.mark.parametrize(("channels", "side", "least"), [(64, 56, 4), (128, 28, 8), (256, 14, 16), (512, 7, 32)])
def test_lists_of_small_layers_are_cut_so_that_a_large_gpu_is_full(channels: int, side: int, least: int) -> None:
    schedule = item_schedules(work_of(channels, channels, 9, side))[0]
    assert schedule.slices >= least


def test_a_large_layer_needs_no_slices() -> None:
    assert item_schedules(work_of(64, 64, 9, 224))[0].slices == 1


def test_fewer_positions_are_less_work() -> None:
    dense, sparse = (cycles(work_of(256, 256, 9, 14, density), ISA) for density in (1.0, 0.2))
    assert sparse < 0.3 * dense


@pytest.mark.parametrize("changed", [{"depth": 2, "vectors": 4}, {"placement": "local"}])
def test_a_schedule_that_no_kernel_has_is_refused(changed: dict[str, int | str]) -> None:
    builder = Builder("net")
    graph = builder.graph(builder.conv(builder.conv(builder.input((3, 8, 8)), 8, 3), 8, 3, name="last"))
    base = LaneSchedule(vectors=4, depth=4, pixels=1, tiles_at_a_time=32, channel_block=8)
    schedules = {"last": base.model_copy(update=changed)}
    lower(network_of(graph), isa=ISA, threads=1, options=Options(schedules={"last": base}))
    with pytest.raises(UnsupportedError, match=r"node last: the (depth|placement) of its schedule must be"):
        lower(network_of(graph), isa=ISA, threads=1, options=Options(schedules=schedules))
