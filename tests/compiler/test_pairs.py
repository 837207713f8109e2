"""A convolution and the layer behind it as one: any rows at a time compute the same, in a small buffer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from programs import assert_parity, network_of, parity

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.plan import ConvLayer, DepthwiseLayer, PairLayer, PoolLayer
from npas.compiler.schedules.core import CORES
from npas.compiler.schedules.records import AnySchedule, DepthwiseSchedule, PoolSchedule
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import AvgPool, Conv2d, MaxPool
from npas.search.candidate import Pruning
from npas.targets.isa import CPU_ISAS, ISAS

SIDE = 17


@pytest.fixture(params=CPU_ISAS)
def isa(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pairs() -> tuple[Graph, dict[str, AnySchedule], dict[str, Pruning]]:
    """Pairs of odd channels and maps, strides 1 to 3, dilation, lopsided padding, activations, residuals."""
    builder = Builder("net")
    schedules, prunings = dict[str, AnySchedule](), dict[str, Pruning]()
    image = builder.input((5, SIDE, SIDE))
    outputs = [*_depthwise(builder, image, schedules, prunings), *_pooled(builder, image, schedules, prunings)]
    return builder.graph(*outputs), schedules, prunings


def _depthwise(
    builder: Builder, image: str, schedules: dict[str, AnySchedule], prunings: dict[str, Pruning]
) -> list[str]:
    outputs = []
    for i in range(16):
        height, width, channels = SIDE - i, 2 + i * 3 % 15, 9 + 5 * i % 40
        x = builder.conv(builder.max_pool(image, (SIDE - height + 1, SIDE - width + 1), 1), 8 + i, 1)
        other = builder.conv(x, channels, 1)
        wide = root = builder.conv(x, channels, 1, bias=i % 2 > 0)
        if i % 4:
            wide = builder.act(wide, ("relu6", "hard_swish", "relu")[i % 3])
        kernel = ((3, 3), (5, 5), (3, 1), (1, 3))[i % 4]
        stride = (1, 1) if i % 3 == 2 else (1 + i % 3, 1 + i // 2 % 2)
        dilation = (1 + i // 5 % 2, 1)
        reach = [dilation[k] * (kernel[k] - 1) for k in (0, 1)]
        extra = 0 if i % 3 == 2 else 1 + i % 2
        pads = (reach[0] // 2 + extra, reach[1] // 2, reach[0] - reach[0] // 2, reach[1] - reach[1] // 2)
        y = builder.conv(wide, channels, kernel, stride=stride, dilation=dilation, groups=channels, pads=pads)
        schedules[y] = DepthwiseSchedule(pixels=1 + i % 8, rows=1 + i % 6)
        if i % 5 == 1:
            prunings[root] = Pruning("block_punched", 2.0)
        if builder.shapes[y] == builder.shapes[other]:
            y = builder.add(y, other)
        outputs += [builder.act(y, "relu") if i % 3 == 1 else y, builder.global_avg_pool(other)]
    return outputs


POOLS = (
    MaxPool(kernel=(2, 2), stride=(2, 2)),
    AvgPool(kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1)),
    MaxPool(kernel=(3, 2), stride=(1, 2), pads=(2, 0, 1, 1)),
    AvgPool(kernel=(2, 3), stride=(3, 1), pads=(0, 2, 1, 0), count_pads=True),
    MaxPool(kernel=(2, 2), stride=(1, 1), pads=(1, 1, 1, 0), dilation=(2, 3)),
    MaxPool(kernel=(3, 3), stride=(2, 2), pads=(2, 2, 2, 2)),
)


def _pooled(builder: Builder, image: str, schedules: dict[str, AnySchedule], prunings: dict[str, Pruning]) -> list[str]:
    """Negative values where there is no activation: padding must not win."""
    outputs = []
    for i in range(12):
        height, width = SIDE - i, 3 + i * 5 % 14
        x = builder.conv(builder.max_pool(image, (SIDE - height + 1, SIDE - width + 1), 1), 8 + i, 1)
        x = root = builder.conv(x, 17 + 7 * i % 40, 1 + 2 * (i % 2))
        if i % 3:
            x = builder.act(x, "relu")
        y = builder.node(POOLS[i % len(POOLS)], x, kind="pool")
        schedules[y] = PoolSchedule(rows=1 + i % 6)
        if i % 4 == 1:
            prunings[root] = Pruning("block_punched", 2.0)
        outputs.append(y)
    return outputs


def lowered(isa: str, rows: bool = True, threads: int = 1) -> Lowered:
    graph, schedules, prunings = pairs()
    options = Options(prunings=prunings, schedules=schedules if rows else {})
    return lower(one_shot(network_of(graph), prunings).network, isa=isa, threads=threads, options=options)


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_the_pairs_are_of_all_kinds(isa):
    made = [layer for layer in lowered(isa).plan.layers if isinstance(layer, PairLayer)]
    graph = pairs()[0]
    of_kind = {kind: [x for x in made if isinstance(x.second, kind)] for kind in (DepthwiseLayer, PoolLayer)}
    assert all(len(layers) >= 8 for layers in of_kind.values())
    assert {len(layer.inputs) for layer in made} == {1, 2}
    assert {layer.second.function for layer in made if isinstance(layer.second, PoolLayer)} == {
        "max_pool",
        "average_pool",
    }
    for layers in of_kind.values():
        assert {layer.first.indexed.format for layer in layers} == {"dense", "bcs"}
        assert {layer.window[0] for layer in layers} >= {3}
        assert {layer.window[1] for layer in layers} >= {1, 2}
        assert {layer.window[2] for layer in layers} == {1, 2}
        assert {layer.rows for layer in layers} == set(range(1, 7))
        heights = [graph.shapes[layer.second.nodes[0]][2] for layer in layers]
        assert any(height % layer.rows for height, layer in zip(heights, layers, strict=True))
        assert any(layer.rows >= height for height, layer in zip(heights, layers, strict=True))


@pytest.mark.parametrize("threads", [1, 3])
def test_any_rows_at_a_time_compute_the_same(tmp_path: Path, isa, threads):
    graph, schedules, prunings = pairs()
    options = Options(prunings=prunings, schedules=schedules)
    assert_parity(parity(tmp_path, network_of(graph), options, isa, threads))


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_that_no_window_reads_have_no_room(tmp_path: Path, isa, threads):
    """All rows at a time, of which windows leave the last one out: it must not be written behind the others."""
    builder, schedules = Builder("net"), dict[str, AnySchedule]()
    image = builder.input((8, 15, 15))
    wide = builder.conv(image, 40, 1)
    pooled = builder.node(MaxPool(kernel=(2, 2), stride=(2, 2)), wide)
    other = builder.conv(image, 40, 1)
    filtered = builder.conv(other, 40, 3, stride=2, groups=40, pads=(1, 1, 0, 1))
    schedules |= {pooled: PoolSchedule(rows=7), filtered: DepthwiseSchedule(pixels=4, rows=7)}
    network = network_of(builder.graph(pooled, filtered))
    plan = lower(network, isa=isa, threads=threads, options=Options(schedules=schedules)).plan
    assert len([layer for layer in plan.layers if isinstance(layer, PairLayer)]) == 2
    assert_parity(parity(tmp_path, network, Options(schedules=schedules), isa, threads))


def test_rows_of_the_input_may_be_fetched_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isa):
    lanes = ISAS[isa].lanes
    monkeypatch.setitem(CORES, lanes, replace(CORES[lanes], far_bytes=0.0))
    graph, schedules, prunings = pairs()
    assert_parity(parity(tmp_path, network_of(graph), Options(prunings=prunings, schedules=schedules), isa, threads=2))


def inverted_residual(side: int) -> Graph:
    builder = Builder("net")
    x = builder.input((16, side, side))
    y = builder.act(builder.conv(x, 96, 1), "relu6")
    y = builder.act(builder.conv(y, 96, 3, groups=96, stride=2), "relu6")
    return builder.graph(builder.conv(y, 24, 1))


def test_wide_values_are_not_stored_where_they_are_large():
    small, large = (lower(network_of(inverted_residual(side)), isa="avx2", threads=1).plan for side in (14, 112))
    assert not [layer for layer in small.layers if isinstance(layer, PairLayer)]
    (pair,) = [layer for layer in large.layers if isinstance(layer, PairLayer)]
    assert pair.nodes[:1] == (pair.first.nodes[0],)
    wide = 96 * 112 * 112
    assert large.arena < wide
    assert large.values[pair.scratch[0]].size < wide / 10


def pooled(side: int) -> Graph:
    builder = Builder("net")
    x = builder.act(builder.conv(builder.input((16, side, side)), 64, 3), "relu")
    return builder.graph(builder.conv(builder.max_pool(x, 2, 2), 16, 1))


def test_values_that_are_pooled_are_not_stored_where_they_are_large():
    options = Options(direct=True)  # Winograd's method computes tiles of all channels
    small, large = (lower(network_of(pooled(side)), isa="avx2", threads=1, options=options).plan for side in (20, 80))
    assert not [layer for layer in small.layers if isinstance(layer, PairLayer)]
    (pair,) = [layer for layer in large.layers if isinstance(layer, PairLayer)]
    assert isinstance(pair.second, PoolLayer)
    assert large.arena < 64 * 80 * 80
    assert large.values[pair.scratch[0]].size < 64 * 80 * 80 / 4


def test_rows_that_two_windows_of_a_pool_read_are_not_computed_twice():
    builder = Builder("net")
    x = builder.conv(builder.input((16, 80, 80)), 64, 3)
    graph = builder.graph(builder.max_pool(x, 3, 2))
    plan = lower(network_of(graph), isa="avx2", threads=1, options=Options(direct=True)).plan
    assert not [layer for layer in plan.layers if isinstance(layer, PairLayer)]


def test_a_schedule_keeps_the_layers_apart():
    graph = inverted_residual(112)
    depthwise = next(n.name for n in graph.nodes if isinstance(n.op, Conv2d) and n.op.groups > 1)
    options = Options(schedules={depthwise: DepthwiseSchedule(pixels=7)})
    plan = lower(network_of(graph), isa="avx2", threads=1, options=options).plan
    assert [type(layer) for layer in plan.layers].count(ConvLayer) == 2
    assert plan.arena > 96 * 112 * 112


def test_what_another_layer_reads_too_is_stored():
    builder = Builder("net")
    x = builder.conv(builder.input((8, 40, 40)), 96, 1)
    y = builder.conv(x, 96, 3, groups=96)
    plan = lower(network_of(builder.graph(builder.add(y, x))), isa="avx2", threads=1).plan
    assert not [layer for layer in plan.layers if isinstance(layer, PairLayer)]


def test_both_layers_keep_their_schedules_in_the_plan():
    made = lowered("avx2")
    kinds = {node: schedule.kind for node, schedule in made.plan.schedules.items()}
    for layer in made.plan.layers:
        if isinstance(layer, PairLayer):
            assert kinds[layer.first.nodes[0]] == "lanes"
            assert kinds[layer.second.nodes[0]] == ("pool" if isinstance(layer.second, PoolLayer) else "depthwise")
            assert made.choices[layer.second.nodes[0]].partner == layer.first.nodes[0]
