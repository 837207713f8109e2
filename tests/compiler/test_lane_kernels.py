"""Kernels with filters, or channels, in lanes: odd shapes of all kinds, against float64 and exact integers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from programs import LOCAL_TARGETS, assert_parity, network_of, parity

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.plan import ConvLayer, DepthwiseLayer, WeightsLayer
from npas.compiler.schedules.core import CORES
from npas.compiler.schedules.records import LaneSchedule
from npas.graph.builder import Builder
from npas.graph.graph import Graph, Network
from npas.ops import Conv2d
from npas.search.candidate import Pruning
from npas.targets.isa import CPU_ISAS, ISAS, IsaName

SIDE = 17


@pytest.fixture(params=LOCAL_TARGETS)
def isa(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def crop(builder: Builder, x: str, height: int, width: int) -> str:
    """A map of that size."""
    shape = builder.shapes[x][2:]
    return x if shape == (height, width) else builder.max_pool(x, (shape[0] - height + 1, shape[1] - width + 1), 1)


def shapes() -> tuple[Graph, dict[str, Pruning]]:
    """Convolutions between 1 to 33 channels on maps of 1 to 17 rows and columns, every other one block-punched."""
    builder, prunings = Builder("net"), dict[str, Pruning]()
    image = builder.input((5, SIDE, SIDE))
    kernels = [(3, 3), (1, 1), (5, 3), (1, 3), (3, 1), (2, 2)]
    outputs = []
    for i in range(33):
        channels, height, width = 33 - i, 1 + i * 5 % SIDE, 1 + i * 3 % SIDE
        if height == width == 1:
            width = 2  # a single pixel is a fully connected layer's
        x = builder.conv(crop(builder, image, height, width), channels, 1, bias=True)
        kernel = kernels[i % len(kernels)]
        dilation = (1 + i % 2, 1 + i // 2 % 2)
        stride = (1 + i % 3, 1 + i // 3 % 3) if i % 4 else (1, 1)
        reach = [dilation[k] * (kernel[k] - 1) for k in (0, 1)]
        y = builder.conv(
            x,
            channels if stride == (1, 1) else 8 + i * 7 % 26,
            kernel,
            stride=stride,
            dilation=dilation,
            pads=(*(r // 2 for r in reach), *(r - r // 2 for r in reach)),
            bias=i % 3 > 0,
        )
        if i % 2:
            prunings[y] = Pruning("block_punched", (2.0, 5.0)[i // 2 % 2])
        if builder.shapes[y] == builder.shapes[x]:
            y = builder.add(y, x)
        outputs.append(builder.act(y, "relu") if i % 5 else y)
    return builder.graph(*outputs), prunings


def depthwise() -> Graph:
    """Windows of 3 x 3 and 5 x 5 of every stride, with dilation, uneven padding and residuals."""
    builder = Builder("net")
    image = builder.input((5, SIDE, 13))
    outputs = []
    for i, channels in enumerate((16, 17, 33, 20, 19, 32)):
        x = builder.conv(image, channels, 1)
        x = crop(builder, x, SIDE - i, 13 - 2 * i)
        for side, stride, dilation in ((3, 1 + i % 3, 1), (5, 1 + (i + 1) % 3, 1), (3, 1, 2), (5, (1, 2), (2, 1))):
            steps = dilation if isinstance(dilation, tuple) else (dilation, dilation)
            half = [d * (side - 1) // 2 for d in steps]
            pads = (*half, *half) if i % 2 else (half[0] + 1, max(half[1] - 1, 0), half[0], half[1] + 1)
            y = builder.conv(
                x, channels, side, stride=stride, dilation=dilation, pads=pads, groups=channels, bias=i % 3 > 0
            )
            if builder.shapes[y] == builder.shapes[x]:
                y = builder.add(y, x)
            outputs.append(builder.act(y, "relu6") if side == 5 else y)
    return builder.graph(*outputs)


def far_reaching() -> Graph:
    """Depthwise windows that reach over the image with more pixels than a tile leaves out, on either side or both."""
    builder = Builder("net")
    image = builder.input((5, SIDE, 13))
    outputs = []
    for side, stride, dilation, pads in (
        (3, 1, 5, (5, 5, 5, 5)),
        (3, 2, 12, (12, 12, 12, 12)),
        (7, 1, 2, (6, 6, 6, 6)),
        (11, 3, 1, (5, 13, 5, 5)),
        (3, 1, 2, (0, 1, 4, 6)),
    ):
        x = builder.conv(image, 17, 1)
        y = builder.conv(x, 17, side, stride=stride, dilation=dilation, pads=pads, groups=17)
        outputs.append(builder.add(y, x) if builder.shapes[y] == builder.shapes[x] else y)
    return builder.graph(*outputs)


def layers_of(network: Network, options: Options, isa: str) -> list[tuple[WeightsLayer, Conv2d, int]]:
    """Those with filters or channels in lanes, their operators, and the channels that they read."""
    plan = lower(one_shot(network, options.prunings).network, isa=isa, threads=2, options=options).plan
    found = []
    for layer in plan.weights_layers:
        node = network.graph.node(layer.nodes[0])
        if layer.stored.schedule.kind != "pixels":
            assert isinstance(node.op, Conv2d)
            found.append((layer, node.op, network.graph.input_shapes(node)[0][1]))
    return found


@pytest.mark.parametrize("isa", ISAS)
def test_the_shapes_are_of_all_kinds(isa):
    graph, prunings = shapes()
    found = layers_of(network_of(graph), Options(prunings=prunings, direct=True), isa)
    pruned = [(layer, op) for layer, op, _ in found if layer.nodes[0] in prunings]
    lanes = ISAS[isa].lanes
    assert len(found) > 30
    assert all(isinstance(layer, ConvLayer) for layer, _, _ in found)
    assert {layer.stored.format for layer, _, _ in found} == {"dense", "bcs"}
    # Blocks of eight filters are two vectors of four, whose entries are of one channel where items are threads.
    depths = {1, 4} if ISAS[isa].items else {1, 2, 4} if isa == "avx512" else {1} if lanes == 4 else {1, 2}
    assert {layer.stored.schedule.depth for layer, _ in pruned} == depths
    assert {s for _, op, _ in found for s in op.stride} == {1, 2, 3}
    assert {s for _, op in pruned for s in op.stride} == {1, 2, 3}
    assert {d for _, op, _ in found for d in op.dilation} == {1, 2}
    assert {len(layer.inputs) for layer, _, _ in found} == {len(layer.inputs) for layer, _ in pruned} == {1, 2}
    assert {op.filters for _, op, _ in found} >= set(range(max(lanes, 8), 34))
    assert min(channels for _, _, channels in found) < lanes  # from planes to pixels of many channels
    maps = {side for layer, _, _ in found for side in graph.shapes[layer.nodes[0]][2:]}
    assert maps >= {1, 2, 3, 17}
    assert len(maps) > 14


@pytest.mark.parametrize("isa", ISAS)
def test_the_depthwise_shapes_are_of_all_kinds(isa):
    found = layers_of(network_of(depthwise()), Options(), isa)
    made = [(layer, op) for layer, op, _ in found if isinstance(layer, DepthwiseLayer)]
    assert len(made) == 24
    for side in (3, 5):
        assert {s for _, op in made for s in op.stride if op.kernel == (side, side)} == {1, 2, 3}
        assert {d for _, op in made for d in op.dilation if op.kernel == (side, side)} == {1, 2}
    assert {len(layer.inputs) for layer, _ in made} == {1, 2}
    assert any(op.filters % ISAS[isa].lanes for _, op in made)


@pytest.mark.parametrize("threads", [1, 3])
def test_convolutions(tmp_path: Path, isa, threads):
    graph, prunings = shapes()
    assert_parity(parity(tmp_path, network_of(graph), Options(prunings=prunings, direct=True), isa, threads))


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_rows_that_are_fetched_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isa: IsaName):
    """As of inputs that lie in far memory, which here all do; several channel blocks, and a row of tiles at a time."""
    lanes = ISAS[isa].lanes
    monkeypatch.setitem(CORES, lanes, replace(CORES[lanes], far_bytes=0.0, far_chunk_bytes=1, entries=8, tile_bytes=64))
    graph, prunings = shapes()
    network, options = network_of(graph), Options(prunings=prunings, direct=True)
    plan = lower(one_shot(network, prunings).network, isa=isa, threads=1, options=options).plan
    assert {kernel.far for kernel in plan.kernels if kernel.template == "conv_lanes"} == {True, False}
    assert_parity(parity(tmp_path, network, options, isa, threads=2))


def test_only_inputs_that_no_near_cache_holds_are_fetched_ahead():
    for side, far in ((40, False), (120, True)):
        builder = Builder("net")
        graph = builder.graph(builder.conv(builder.input((80, side, side)), 16, 3))
        plan = lower(network_of(graph), isa="avx512", threads=1, options=Options(direct=True)).plan
        assert [kernel.far for kernel in plan.kernels] == [far]


def test_depthwise_layers(tmp_path: Path, isa):
    assert_parity(parity(tmp_path, network_of(depthwise(), seed=3), Options(), isa, threads=3))


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_depthwise_layers_that_reach_far_over_the_image(tmp_path: Path, isa: IsaName):
    graph = far_reaching()
    plan = lower(network_of(graph), isa=isa, threads=1, options=Options()).plan
    assert {kernel.edges for kernel in plan.kernels if kernel.template == "depthwise_lanes"} == {(0, 0)}
    assert_parity(parity(tmp_path, network_of(graph, seed=3), Options(), isa, threads=3))


def test_any_schedule_computes_the_same(tmp_path: Path, isa):
    """Vectors, depths, widths, channel blocks and splits that no default has."""
    lanes = ISAS[isa].lanes
    builder, schedules, prunings, outputs = Builder("net"), {}, dict[str, Pruning](), []
    x = builder.conv(builder.input((3, 7, 11)), 2 * lanes + 2, 1)
    rng = np.random.default_rng(5)
    for i, (vectors, depth, pixels) in enumerate(
        [(1, 1, 1), (2, 1, 4), (3, 1, 2), (2, 2, 3), (4, 2, 1), (6, 2, 2), (2, 2, 11), (4, 1, 6)]
    ):
        name = builder.conv(x, 3 * lanes - 1 - i % 3, 3, bias=True, stride=(1 + i % 2, 1), name=f"layer{i}")
        prunings[name] = Pruning("block_punched" if i % 2 else "filter", 2.0)
        if i % 2 == 0:
            del prunings[name]
        schedules[name] = LaneSchedule(
            vectors=vectors,
            depth=depth,
            pixels=pixels,
            tiles_at_a_time=int(rng.integers(1, 9)),
            channel_block=int(rng.choice([1, 2, 5, lanes])) * depth,
            split=("filters", "pixels")[i // 2 % 2],
        )
        outputs.append(builder.act(name, "relu") if i % 3 else name)
    options = Options(prunings=prunings, schedules=schedules, direct=True)
    network = network_of(builder.graph(*outputs))
    taken = {layer.nodes[0]: layer.stored.schedule for layer, _, _ in layers_of(network, options, isa)}
    assert {name: taken[name] for name in schedules} == schedules
    assert_parity(parity(tmp_path, network, options, isa, threads=2))


def in_fours(lanes: int) -> tuple[Graph, dict[str, Pruning]]:
    """Block-punched layers whose channels come in fours, and some whose channels divide by two alone."""
    builder, prunings, outputs = Builder("net"), dict[str, Pruning](), []
    image = builder.input((3, 9, 16))
    for i, (channels, kernel, stride) in enumerate(
        [(2 * lanes, 3, 1), (2 * lanes + 4, 1, 1), (2 * lanes + 2, 3, 1), (lanes + 4, 3, 2), (2 * lanes + 6, 1, 2)]
    ):
        x = builder.conv(image, channels, 1)
        name = builder.conv(x, (24, 33, 16, 40, 17)[i], kernel, stride=stride, bias=True, name=f"layer{i}")
        prunings[name] = Pruning("block_punched", (2.0, 5.0)[i % 2])
        outputs.append(builder.act(name, "relu") if i % 2 else name)
    return builder.graph(*outputs), prunings


@pytest.mark.parametrize(("isa", "most"), [("portable", 1), ("avx2", 4), ("avx512", 4), ("opencl16", 2)])
def test_masks_in_fours_may_be_read_in_fours(isa, most):
    """Estimates take four where a vector is long; a search may everywhere."""
    graph, prunings = in_fours(ISAS[isa].lanes)
    options = Options(prunings=prunings, direct=True)
    choices = lower(one_shot(network_of(graph), prunings).network, isa=isa, threads=1, options=options).choices
    found = {name: max(choices[name].space.axes["lanes"]["depth"]) for name in prunings}
    twos = {"layer2", "layer4"}
    assert found == {name: min(most, 2) if name in twos else most for name in prunings}
    estimated = {choices[name].estimated[0].depth for name in prunings.keys() - twos}
    assert (4 in estimated) == (isa == "avx512")


@pytest.mark.parametrize("vectors", [None, 1, 2, 4])
@pytest.mark.parametrize("isa", CPU_ISAS)
def test_four_channels_at_a_time(tmp_path: Path, isa, vectors):
    """With every number of vectors, and so of lists; as estimated; by exact integers too."""
    graph, prunings = in_fours(ISAS[isa].lanes)
    schedules = {}
    for i, name in enumerate(prunings if vectors else ()):
        depth = 2 if name in ("layer2", "layer4") else 4
        schedules[name] = LaneSchedule(
            vectors=vectors, depth=depth, pixels=(7, 3, 2, 4, 1)[i], tiles_at_a_time=1 + i, channel_block=8 * (1 + i)
        )
    options = Options(prunings=prunings, schedules=schedules, direct=True)
    assert_parity(parity(tmp_path, network_of(graph), options, isa, threads=2))


@pytest.mark.parametrize("join", ["concat", "pools", "elementwise"])
def test_what_stands_between_the_layers(tmp_path: Path, isa, join):
    """Values of pixels of many channels, the last plane not full, in every other kind of layer."""
    builder = Builder("net")
    image = builder.input((5, 7, 6))
    a, b = builder.conv(image, 17, 3, name="a"), builder.conv(image, 21, 3, name="b")
    if join == "concat":
        outputs = [builder.conv(builder.concat(a, b, a), 16, 3), builder.flatten(builder.concat(b, a))]
    elif join == "pools":
        pooled = [
            builder.max_pool(a, (3, 2), (2, 1), pads=(1, 0, 1, 1)),
            builder.avg_pool(b, 3, 2, pads=(1, 1, 1, 1)),
            builder.global_avg_pool(a),
            builder.max_pool(a, (7, 6), 1),  # to a single pixel, a plain array
            builder.avg_pool(b, (7, 6), 1),
        ]
        outputs = [*pooled, builder.conv(pooled[0], 16, 3), builder.conv(pooled[1], 4, 3, stride=2)]
        outputs.append(builder.linear(builder.flatten(pooled[1]), 9))
    else:
        c = builder.conv(image, 21, 1, name="c")
        gate = builder.conv(builder.global_avg_pool(b), 21, 1, name="gate")
        outputs = [
            builder.mul(b, c),
            builder.add(b, gate),
            builder.conv(builder.mul(gate, c), 16, 3),
            builder.act(builder.add(b, b), "hard_swish"),
            builder.conv(b, 21, 3, groups=3),
        ]
    assert_parity(parity(tmp_path, network_of(builder.graph(*outputs, a, b)), Options(), isa, threads=2))
