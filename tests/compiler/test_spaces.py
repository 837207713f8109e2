"""Every schedule of a space compiles to what its rules promise: in range, in registers, in steps that stay inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import network_of

from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.schedules.lanes import LaneWork, lane_schedules, lane_space, most_pixels
from npas.compiler.schedules.records import LaneSchedule, WinogradSchedule
from npas.compiler.schedules.space import Space, halvings, parts
from npas.compiler.schedules.winograd import WinogradWork, winograd_schedules, winograd_space
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.targets.isa import ISAS

SIZES = st.integers(1, 300)


def lowered(graph: Graph, threads: int = 1, options: Options | None = None) -> Lowered:
    return lower(network_of(graph), isa="avx2", threads=threads, options=options)


def spaces_of_a_network() -> list[Space]:
    """One of each family of kernels."""
    builder = Builder("net")
    x = builder.input((16, 12, 12))
    x = builder.conv(x, 32, 3)
    x = builder.conv(x, 32, 3, groups=32)
    x = builder.conv(x, 24, 1)
    x = builder.conv(x, 24, 3, groups=2)
    x = builder.flatten(builder.global_avg_pool(x))
    return [choice.space for choice in lowered(builder.graph(builder.linear(x, 20)), threads=2).choices.values()]


@pytest.mark.parametrize("space", spaces_of_a_network(), ids=lambda space: "_".join(space.axes))
def test_steps_stay_in_the_space(space):
    rng = np.random.default_rng(0)
    for _ in range(100):
        a, b = space.random(rng), space.random(rng)
        for made in (a, b, space.mutated(a, rng), space.crossed(a, b, rng)):
            assert made in space


def test_a_mutation_changes_something_where_it_can():
    rng = np.random.default_rng(0)
    for space in spaces_of_a_network():
        schedule = space.random(rng)
        assert any(space.mutated(schedule, rng) != schedule for _ in range(20))


@pytest.mark.parametrize("isa", ISAS)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    filters=SIZES,
    channels=SIZES,
    taps=st.sampled_from([1, 9, 25]),
    rows=SIZES,
    width=SIZES,
    together=st.sampled_from([1, 2, 4]),
)
def test_estimates_lie_in_their_space(isa, filters, channels, taps, rows, width, together):
    lanes = ISAS[isa].lanes
    work = LaneWork(filters, channels, taps, rows, width, width, filters if together == 1 else lanes, together, 0.3)
    space = lane_space(work, isa, 2)
    for schedule in lane_schedules(work, isa, 2):
        assert schedule in space
    if taps == 9:
        square = WinogradWork(filters, channels, rows, width)
        assert all(schedule in winograd_space(square, isa, 2) for schedule in winograd_schedules(square, isa, 2))


def test_no_schedule_spills_registers():
    space = lane_space(LaneWork(64, 64, 9, 28, 28, 30, 64, 1, 1.0), "avx2", 1)
    rng = np.random.default_rng(0)
    for _ in range(200):
        schedule = space.random(rng)
        assert isinstance(schedule, LaneSchedule)
        assert schedule.pixels <= most_pixels(schedule.vectors, "avx2")


def test_what_lies_outside_is_refused():
    space = lane_space(LaneWork(16, 8, 9, 4, 4, 6, 16, 1, 1.0), "avx2", 1)
    inside = space.random(np.random.default_rng(0))
    assert inside.model_copy(update={"vectors": 1, "pixels": 99}) not in space
    assert inside.model_copy(update={"channel_block": 9}) not in space
    assert WinogradSchedule(tile=2, vectors=1, pixels=1, tiles_at_a_time=1) not in space


@given(count=st.integers(1, 5000), grain=st.sampled_from([1, 16]))
def test_axes_end_with_the_whole(count, grain):
    assert halvings(count)[-1] == count
    sizes = parts(count, grain)
    assert sizes[-1] == count
    assert all(size == count or size % grain == 0 for size in sizes)


def network():
    builder = Builder("net")
    x = builder.input((16, 14, 14))
    return builder.graph(builder.conv(builder.conv(x, 16, 3), 16, 3))


def test_known_schedules_are_taken_for_equal_layers_alone():
    choices = lowered(network()).choices
    assert len({choice.key for choice in choices.values()}) == 1
    (key,) = {choice.key for choice in choices.values()}
    known = LaneSchedule(vectors=1, pixels=3, tiles_at_a_time=2, channel_block=16)
    plan = lowered(network(), options=Options(known={key: known})).plan
    assert [layer.stored.schedule.kind for layer in plan.weights_layers] == ["lanes", "lanes"]
    assert all(layer.stored.schedule.tiles_at_a_time == 2 for layer in plan.weights_layers)
    unlike = lowered(network(), threads=2, options=Options(known={key: known})).plan
    assert all(layer.stored.schedule.tiles_at_a_time != 2 for layer in unlike.weights_layers)


def test_a_known_schedule_may_bring_winograd_and_direct_forbids_it():
    (key,) = {choice.key for choice in lowered(network()).choices.values()}
    known = {key: WinogradSchedule(tile=4, vectors=1, pixels=3, tiles_at_a_time=4)}
    for direct, kind in ((False, "winograd"), (True, "lanes")):
        plan = lowered(network(), options=Options(known=known, direct=direct)).plan
        assert {layer.stored.schedule.kind for layer in plan.weights_layers} == {kind}


def test_a_known_schedule_outside_the_space_is_not_used():
    (key,) = {choice.key for choice in lowered(network()).choices.values()}
    bad = LaneSchedule(vectors=1, pixels=3, tiles_at_a_time=2, channel_block=999)
    plan = lowered(network(), options=Options(known={key: bad})).plan
    assert all(layer.stored.schedule.channel_block <= 16 for layer in plan.weights_layers)
