"""Kernels that copy their tile's input: when they are chosen, their schedules, and what they free a network from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import network_of

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.plan import ConvLayer
from npas.compiler.schedules.packed import (
    COPY_BYTES,
    MOST_COPY_BYTES,
    MOST_LINES,
    PackedWork,
    packed_schedule,
    packed_space,
    pays,
)
from npas.compiler.schedules.records import PackedSchedule, Schedule
from npas.graph.builder import Builder
from npas.search.candidate import Pruning
from npas.spec.schema import SchemeName
from npas.targets.isa import CPU_ISAS, ISAS


@pytest.mark.parametrize("isa", CPU_ISAS)
@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    channels=st.integers(1, 2048),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    dilation=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    height=st.integers(1, 230),
    width=st.integers(1, 230),
    density=st.floats(0.0, 1.0),
    threads=st.integers(1, 8),
)
def test_schedules_fit_registers_and_cache(isa, channels, kernel, stride, dilation, height, width, density, threads):
    work = PackedWork(channels, kernel, stride, dilation, height, width, density)
    schedule = packed_schedule(work, isa, threads)
    assert schedule in packed_space(work, isa, threads)
    assert schedule.lines <= MOST_LINES[ISAS[isa].lanes] < ISAS[isa].registers
    assert -(-height // schedule.lines) == -(-height // MOST_LINES[ISAS[isa].lanes])
    channel = kernel[1] * work.rows(schedule.lines) * ISAS[isa].lanes * 4
    room = COPY_BYTES if density >= 0.4 else MOST_COPY_BYTES
    assert schedule.channel_block <= 4 or schedule.channel_block * channel <= room


def test_rows_that_no_line_reads_are_not_copied():
    every_other = PackedWork(8, (1, 1), (2, 2), (1, 1), 14, 14)
    assert every_other.rows(14) == 14
    assert PackedWork(8, (3, 3), (2, 2), (1, 1), 14, 14).rows(14) == 29
    assert PackedWork(8, (3, 3), (1, 1), (2, 2), 14, 14).rows(14) == 18


MIDDLE = "middle"


def pruned(scheme: SchemeName, kernel: int, stride: int, size: int, **given_: Any) -> Lowered:
    """A layer that was pruned between two that were not; ``given_`` are fields of ``Options``."""
    builder = Builder("net")
    x = builder.conv(builder.input((16, size, size)), 16, 3)
    x = builder.conv(x, 16, kernel, stride=stride, name=MIDDLE)
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
        ("unstructured", 1, 1, 28, "pixels"),  # begins in line anyway
        ("unstructured", 3, 1, 5, "pixels"),  # would leave lanes empty
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


def test_rows_of_the_result_are_whole_vectors():
    made = pruned("pattern", 3, 1, 14)
    out = made.plan.values[middle_of(made).output].layout
    assert (out.block, out.pitch % 8, out.origin % 8) == (1, 0, 0)


@pytest.mark.parametrize(
    "wanted", [PackedSchedule(lines=5, channel_block=3), Schedule(rows=1, vectors=2, channel_block=3)]
)
def test_a_build_may_want_either(wanted):
    made = pruned("unstructured", 3, 1, 14, schedules={MIDDLE: wanted})
    assert middle_of(made).stored.schedule == wanted
    choice = made.choices[MIDDLE]
    assert wanted in choice.space
    assert {schedule.kind for schedule in choice.estimated} == {"packed", "pixels"}


def test_what_was_measured_decides():
    key = pruned("unstructured", 3, 1, 14).choices[MIDDLE].key
    flat = Schedule(rows=1, vectors=2, channel_block=3)
    assert middle_of(pruned("unstructured", 3, 1, 14, known={key: flat})).stored.schedule == flat


def test_work_pays_only_where_vectors_are_filled():
    wide = PackedWork(64, (3, 3), (1, 1), (1, 1), 14, 14)
    assert pays(wide, "avx2")
    assert not pays(PackedWork(64, (3, 3), (1, 1), (1, 1), 7, 7), "avx512")
