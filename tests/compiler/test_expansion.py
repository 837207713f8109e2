"""A convolution and the depthwise layer behind it as one: any rows at a time compute the same, in a small buffer."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import LOCAL_ISAS, assert_parity, network_of, parity

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.plan import ConvLayer, ExpansionLayer
from npas.compiler.schedules.records import DepthwiseSchedule
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import Conv2d
from npas.search.candidate import Pruning
from npas.targets.isa import CPU_ISAS

SIDE = 17


@pytest.fixture(params=LOCAL_ISAS)
def isa(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pairs() -> tuple[Graph, dict[str, DepthwiseSchedule], dict[str, Pruning]]:
    """Pairs of odd channels and maps, strides 1 to 3, dilation, lopsided padding, activations, residuals."""
    builder = Builder("net")
    schedules, prunings = dict[str, DepthwiseSchedule](), dict[str, Pruning]()
    image = builder.input((5, SIDE, SIDE))
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
    return builder.graph(*outputs), schedules, prunings


def lowered(isa: str, rows: bool = True, threads: int = 1) -> Lowered:
    graph, schedules, prunings = pairs()
    options = Options(prunings=prunings, schedules=schedules if rows else {})
    return lower(one_shot(network_of(graph), prunings).network, isa=isa, threads=threads, options=options)


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_the_pairs_are_of_all_kinds(isa):
    made = [layer for layer in lowered(isa).plan.layers if isinstance(layer, ExpansionLayer)]
    graph = pairs()[0]
    assert len(made) >= 12
    assert {layer.expand.indexed.format for layer in made} == {"dense", "bcs"}
    assert {len(layer.inputs) for layer in made} == {1, 2}
    assert {layer.window[0] for layer in made} == {1, 3, 5}
    assert {layer.window[1] for layer in made} >= {1, 2}
    assert {layer.window[2] for layer in made} == {1, 2}
    assert {layer.rows for layer in made} == set(range(1, 7))
    heights = [graph.shapes[layer.depthwise.nodes[0]][2] for layer in made]
    assert any(height % layer.rows for height, layer in zip(heights, made, strict=True))
    assert any(layer.rows >= height for height, layer in zip(heights, made, strict=True))


@pytest.mark.parametrize("threads", [1, 3])
def test_any_rows_at_a_time_compute_the_same(tmp_path: Path, isa, threads):
    graph, schedules, prunings = pairs()
    options = Options(prunings=prunings, schedules=schedules)
    assert_parity(parity(tmp_path, network_of(graph), options, isa, threads))


def inverted_residual(side: int) -> Graph:
    builder = Builder("net")
    x = builder.input((16, side, side))
    y = builder.act(builder.conv(x, 96, 1), "relu6")
    y = builder.act(builder.conv(y, 96, 3, groups=96, stride=2), "relu6")
    return builder.graph(builder.conv(y, 24, 1))


def test_wide_values_are_not_stored_where_they_are_large():
    small, large = (lower(network_of(inverted_residual(side)), isa="avx2", threads=1).plan for side in (14, 112))
    assert not [layer for layer in small.layers if isinstance(layer, ExpansionLayer)]
    (pair,) = [layer for layer in large.layers if isinstance(layer, ExpansionLayer)]
    assert pair.nodes[:1] == (pair.expand.nodes[0],)
    wide = 96 * 112 * 112
    assert large.arena < wide
    assert large.values[pair.scratch[0]].size < wide / 10


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
    assert not [layer for layer in plan.layers if isinstance(layer, ExpansionLayer)]


def test_both_layers_keep_their_schedules_in_the_plan():
    made = lowered("avx2")
    kinds = {layer.nodes[0]: layer.stored.schedule.kind for layer in made.plan.weights_layers}
    for layer in made.plan.layers:
        if isinstance(layer, ExpansionLayer):
            assert kinds[layer.expand.nodes[0]] == "lanes"
            assert kinds[layer.depthwise.nodes[0]] == "depthwise"
            assert made.choices[layer.depthwise.nodes[0]].partner == layer.expand.nodes[0]
