"""Kernels that copy their tile's input: when they are chosen, their schedules, and what they free a network from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import assert_parity, network_of, parity

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.plan import ConvLayer
from npas.compiler.schedules.core import CORES
from npas.compiler.schedules.packed import (
    MOST_LINES,
    NEAR_BYTES,
    PackedWork,
    cycles,
    lists,
    packed_schedule,
    packed_space,
)
from npas.compiler.schedules.records import PackedSchedule, Schedule
from npas.graph.builder import Builder
from npas.search.candidate import Pruning
from npas.spec.schema import SchemeName
from npas.targets.isa import CPU_ISAS, ISAS, IsaName


@pytest.mark.parametrize("isa", CPU_ISAS)
@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    filters=st.integers(1, 512),
    channels=st.integers(1, 2048),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    height=st.integers(1, 230),
    width=st.integers(1, 230),
    density=st.floats(0.0, 1.0),
    threads=st.integers(1, 8),
)
def test_schedules_fit_registers_and_lines_cover_the_output(
    isa, filters, channels, kernel, stride, dilation, height, width, density, threads
):
    lanes = ISAS[isa].lanes
    work = PackedWork(filters, channels, kernel, stride, dilation, height, width, density)
    schedule = packed_schedule(work, isa, threads)
    assert schedule in packed_space(work, isa, threads)
    assert schedule.lines <= MOST_LINES[lanes] < ISAS[isa].registers
    assert 1 <= schedule.channel_block <= channels
    slot, stack = work.slot(lanes), work.stack(lanes)
    assert slot * stack in (0, lanes)
    assert slot == 0 or work.depth(lanes) * stack >= height > (work.depth(lanes) - 1) * stack
    assert work.depth(lanes) * work.columns(lanes) * lanes >= height * width
    taps = {work.place(row, lanes) for row in range(kernel[0])}
    assert len(taps) == kernel[0]  # no two rows of the window read the same
    assert work.vectors(schedule.lines, lanes) % 2 == 1


def test_copies_stay_near_where_lists_are_long():
    work = PackedWork(256, 256, (3, 3), (1, 1), (1, 1), 14, 14, 0.2)
    schedule = packed_schedule(work, "avx512", 1)
    assert 4 * 16 * work.vectors(schedule.lines, 16) * schedule.channel_block <= NEAR_BYTES[16]
    short = PackedWork(576, 96, (1, 1), (1, 1), (1, 1), 14, 14, 0.1)
    assert packed_schedule(short, "avx512", 1).channel_block > 32  # a visit costs more than loads from further away


def test_fewer_weights_take_less_time():
    def of(density: float) -> float:
        return cycles(PackedWork(256, 256, (3, 3), (1, 1), (1, 1), 14, 14, density), "avx2")

    assert of(0.1) < 0.7 * of(0.2) < of(0.2) < 0.7 * of(0.4)


def test_lines_hold_several_short_rows_and_run_on_under_1x1_windows():
    short = PackedWork(8, 8, (3, 3), (1, 1), (1, 1), 7, 7)
    assert (short.slot(16), short.stack(16), short.depth(16), short.columns(16)) == (8, 2, 4, 1)
    assert [(part.row, part.more) for part in short.parts(16)][:2] == [(0, 1), (1, 0)]
    wide = PackedWork(8, 8, (3, 3), (2, 2), (1, 1), 14, 28)
    assert (wide.slot(16), wide.depth(16), wide.columns(16)) == (16, 14, 2)
    assert wide.vectors(14, 16) == 3 * (15 + 14)
    flat = PackedWork(8, 8, (1, 1), (2, 2), (1, 1), 14, 14)
    assert (flat.slot(16), flat.depth(16), flat.columns(16), flat.vectors(13, 16)) == (0, 13, 1, 13)


MIDDLE = "middle"


def pruned(scheme: SchemeName, kernel: int, stride: int, size: int, **given_: Any) -> Lowered:
    """A layer that was pruned between two that were not; ``given_`` are fields of ``Options``."""
    builder = Builder("net")
    x = builder.conv(builder.input((16, size, size)), 64, 3)
    x = builder.conv(x, 64, kernel, stride=stride, name=MIDDLE)
    graph = builder.graph(builder.conv(builder.act(x, "relu"), 16, 3))
    options = Options(prunings={MIDDLE: Pruning(scheme, 3.0)}, direct=True, **given_)
    network = one_shot(network_of(graph), options.prunings).network
    return lower(network, isa="avx2", threads=1, options=options)


def middle_of(made: Lowered) -> ConvLayer:
    (found,) = [x for x in made.plan.weights_layers if x.stored.pruned is not None]
    assert isinstance(found, ConvLayer)
    return found


@pytest.mark.parametrize(
    ("scheme", "kernel", "stride", "size", "kind"),
    [
        ("pattern", 3, 1, 14, "packed"),
        ("unstructured", 3, 1, 14, "packed"),
        ("unstructured", 3, 2, 28, "packed"),
        ("unstructured", 1, 2, 28, "packed"),
        ("unstructured", 1, 1, 28, "packed"),
        ("unstructured", 3, 1, 5, "packed"),
        ("block_punched", 3, 1, 14, "lanes"),
    ],
)
def test_what_is_packed(scheme, kernel, stride, size, kind):
    assert middle_of(pruned(scheme, kernel, stride, size)).stored.schedule.kind == kind


def test_no_layer_before_it_rearranges_the_input():
    """Neither for a stride nor for pixels of many channels, which other kernels with pixels in lanes need."""
    made = pruned("unstructured", 3, 2, 28)
    source = made.plan.values[middle_of(made).inputs[0]].layout
    assert source.block > 1
    assert not [layer for layer in made.plan.layers if layer.kind == "split"]


def test_neither_side_need_be_planar():
    made = pruned("pattern", 3, 1, 14)
    layer = middle_of(made)
    assert made.plan.values[layer.inputs[0]].layout.block == made.plan.values[layer.output].layout.block == 8


@pytest.mark.parametrize(
    "wanted", [PackedSchedule(lines=5, channel_block=8), Schedule(rows=1, vectors=2, channel_block=8)]
)
def test_a_build_may_want_either(wanted):
    made = pruned("unstructured", 3, 1, 14, schedules={MIDDLE: wanted})
    assert middle_of(made).stored.schedule == wanted
    choice = made.choices[MIDDLE]
    assert wanted in choice.space
    assert {schedule.kind for schedule in choice.estimated} == {"packed", "pixels"}


def test_what_was_measured_decides():
    key = pruned("unstructured", 3, 1, 14).choices[MIDDLE].key
    flat = Schedule(rows=1, vectors=2, channel_block=8)
    assert middle_of(pruned("unstructured", 3, 1, 14, known={key: flat})).stored.schedule == flat


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_tiles_that_are_fetched_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isa: IsaName):
    """As of inputs that lie in far memory, which here all do: copies of every kind, and lines that run on."""
    lanes = ISAS[isa].lanes
    monkeypatch.setitem(CORES, lanes, replace(CORES[lanes], far_bytes=0.0))
    builder = Builder("net")
    x = builder.input((3, 19, 37))
    names = []
    for kernel, stride in ((3, 1), (3, 2), (1, 1), (1, 1), (5, 3)):
        names.append(f"c{len(names)}")
        x = builder.act(builder.conv(x, 21, kernel, stride=stride, bias=True, name=names[-1]), "relu")
    network = network_of(builder.graph(x))
    options = Options(prunings={name: Pruning("unstructured", 3.0) for name in names})
    plan = lower(one_shot(network, options.prunings).network, isa=isa, threads=2, options=options).plan
    assert {kernel.far for kernel in plan.kernels if kernel.template == "conv_packed"} == {True}
    assert any(kernel.runs_on for kernel in plan.kernels)
    assert_parity(parity(tmp_path, network, options, isa, threads=2))


def test_only_inputs_that_no_near_cache_holds_are_fetched_ahead():
    for size, far in ((28, False), (260, True)):
        kernels = pruned("unstructured", 3, 1, size).plan.kernels
        assert [kernel.far for kernel in kernels if kernel.template == "conv_packed"] == [far]


def test_two_filters_are_computed_side_by_side_where_registers_hold_their_sums():
    for lanes, most in MOST_LINES.items():
        assert [lists(lines, lanes) for lines in (1, most // 2, most // 2 + 1, most)] == [2, 2, 1, 1]


def test_copies_have_no_more_vectors_than_lists_can_name():
    work = PackedWork(64, 4096, (3, 3), (1, 1), (1, 1), 56, 56, 0.9)
    assert not work.is_addressed(28, 4096, 16)
    assert work.is_addressed(28, 512, 16)
    outside = PackedSchedule(lines=28, channel_block=4096)
    assert outside not in packed_space(work, "avx512", 1)
    assert packed_schedule(work, "avx512", 1) in packed_space(work, "avx512", 1)
