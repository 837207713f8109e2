"""Which values hold several channels in a pixel, and which kernel each convolution gets."""

from __future__ import annotations

import pytest
from programs import lowered, lowered_at_random, network_of
from random_graphs import SEEDS, random_graph

from npas.algorithms import one_shot
from npas.compiler.blocks import Blocks, is_compact, preferred
from npas.compiler.fuse import fuse
from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.plan import (
    ConcatLayer,
    ConvLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    InputLayer,
    Plan,
    PoolLayer,
    SplitLayer,
)
from npas.compiler.schedules.records import Schedule
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import Conv2d
from npas.search.candidate import Pruning
from npas.targets.isa import ISAS

LANES = 8
CSR, BCS = Pruning("unstructured", 8.0), Pruning("block_punched", 8.0)


def pruned(graph: Graph, prunings: dict[str, Pruning], **schedules: Schedule) -> Plan:
    """The plan of a network that is really pruned so: a full list would be built dense."""
    options = Options(prunings=prunings, schedules=schedules)
    return lower(one_shot(network_of(graph), prunings).network, isa="avx2", threads=2, options=options).plan


def blocks_of(graph: Graph, **kernels: str) -> Blocks:
    """The decisions where each convolution asks for the kernel named, or for filters in lanes."""
    wanted = {node.name: kernels.get(node.name, "lanes") for node in graph.nodes if isinstance(node.op, Conv2d)}
    return Blocks.of(graph, fuse(graph), LANES, wanted, {name for name, kind in wanted.items() if kind == "pixels"})


def test_what_a_layer_asks_for():
    assert preferred("dense", 1, False) == preferred("bcs", 1, False) == "lanes"
    assert preferred("csr", 1, False) == preferred("fkw", 1, False) == preferred("dense", 2, False) == "pixels"
    assert preferred("dense", 12, True) == preferred("csr", 12, True) == "depthwise"


def test_values_of_fewer_channels_than_lanes_are_planar():
    b = Builder("net")
    x = b.conv(b.input((3, 6, 6)), 8, 3, name="a")
    x = b.conv(x, 7, 3, name="b")
    graph = b.graph(b.global_avg_pool(b.conv(x, 9, 3, name="c")))
    blocks = blocks_of(graph)
    assert blocks.block == {"input": 1, "a": 8, "b": 1, "c": 8}  # the single pixel is a plain array
    assert blocks.kernel == {"a": "lanes", "b": "pixels", "c": "lanes"}


def test_a_layer_with_pixels_in_lanes_reads_and_writes_planes():
    b = Builder("net")
    x = b.conv(b.input((16, 6, 6)), 16, 3, name="a")
    x = b.conv(x, 16, 3, name="b")
    x = b.conv(x, 16, 3, name="c")
    graph = b.graph(b.conv(x, 16, 3, name="d"))
    blocks = blocks_of(graph, c="pixels")
    assert blocks.block == {"input": 8, "a": 8, "b": 1, "c": 1, "d": 8}
    # The layer before it could fill lanes, but would have to write pixels of eight channels.
    assert blocks.kernel == {"a": "lanes", "b": "pixels", "c": "pixels", "d": "lanes"}


def test_a_strided_one_reads_a_copy_and_leaves_its_input_alone():
    b = Builder("net")
    x = b.conv(b.input((16, 6, 6)), 16, 3, name="a")
    graph = b.graph(b.conv(x, 16, 3, stride=2, name="b"))
    assert blocks_of(graph, b="pixels").block == {"input": 8, "a": 8, "b": 1}
    plan = pruned(graph, {"b": CSR}, b=Schedule(rows=1, vectors=1, channel_block=16))
    (split,) = splits(plan)
    assert plan.values[split.inputs[0]].layout.block == 8
    assert plan.values[split.output].layout.block == 1
    assert plan.values[split.output].layout.channels == 16 * 4


def test_a_narrow_layer_reads_a_copy_of_pixels_of_many_channels():
    """Of stride 1, so the copy is one phase, the image itself."""
    b = Builder("net")
    x = b.conv(b.input((16, 6, 6)), 16, 3, name="a")
    plan = lowered(b.graph(b.conv(x, 4, 3, name="b"))).plan
    (split,) = splits(plan)
    assert (split.phases, split.stride) == (((0, 0),), (1, 1))
    assert plan.values[split.inputs[0]].layout.block == 8
    assert plan.values[split.output].layout.channels == 16


def splits(plan: Plan) -> list[SplitLayer]:
    return [layer for layer in plan.layers if isinstance(layer, SplitLayer)]


@pytest.mark.parametrize("join", ["residual", "add", "pool", "concat", "act", "depthwise"])
def test_planes_spread_to_whatever_must_lie_alike(join):
    b = Builder("net")
    x = b.input((16, 6, 6))
    a, other = b.conv(x, 16, 3, name="a"), b.conv(x, 16, 3, name="other")
    pixels = {"a": "pixels"}
    if join == "residual":
        last = b.add(other, a, name="last")
    elif join == "add":
        b.act(other, "relu", name="seen")
        last = b.mul(other, a, name="last")
    elif join == "pool":
        last = b.max_pool(a, 2, 1, name="last")
    elif join == "concat":
        last = b.concat(other, a, name="last")
    elif join == "act":
        b.conv(a, 16, 3, name="reader")
        last = b.act(a, "relu", name="last")
    else:
        last = b.conv(a, 16, 3, groups=16, name="last")
        pixels["last"] = "depthwise"
    blocks = blocks_of(b.graph(*dict.fromkeys(["a", "other", last])), **pixels)
    assert blocks.block["a"] == blocks.block[last] == 1
    assert blocks.block["other"] == (1 if join in ("residual", "add", "concat") else 8)
    if join == "depthwise":
        assert blocks.kernel["last"] == "pixels"


def test_a_narrow_part_makes_a_concatenation_planar():
    b = Builder("net")
    x = b.input((16, 6, 6))
    parts = b.conv(x, 16, 3, name="wide"), b.conv(x, 3, 3, name="narrow")
    graph = b.graph(b.concat(*parts, name="joined"))
    assert blocks_of(graph).block == {"input": 8, "wide": 1, "narrow": 1, "joined": 1}


def test_a_factor_per_channel_is_a_plain_array():
    b = Builder("net")
    x = b.input((16, 6, 6))
    gate = b.conv(b.global_avg_pool(x), 16, 1, name="gate")
    blocks = blocks_of(b.graph(b.mul(x, gate, name="scaled")))
    assert blocks.block == {"input": 8, "scaled": 8}
    assert blocks.kernel == {"gate": "pixels"}  # a fully connected layer


def test_schemes_decide_by_their_format():
    b = Builder("net")
    x = b.conv(b.input((16, 6, 6)), 16, 3, name="dense")
    for name in ("bcs", "csr", "back", "far"):
        x = b.conv(x, 16, 3, name=name)
    plan = pruned(b.graph(x), {"bcs": BCS, "csr": CSR})
    kinds = {layer.nodes[0]: layer.stored.schedule.kind for layer in plan.weights_layers}
    # Neither what csr writes nor what it reads need be planar.
    assert kinds == {"dense": "lanes", "bcs": "lanes", "csr": "packed", "back": "lanes", "far": "lanes"}


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", SEEDS)
def test_layouts_agree_wherever_layers_meet(seed, isa):
    graph = random_graph(seed)
    plan = lowered_at_random(graph, seed, isa).plan
    for value in plan.values:
        assert value.layout.block in (1, plan.lanes)
        assert value.layout.block == 1 or value.layout.channels >= plan.lanes
        if value.name in graph.shapes and is_compact(graph.shapes[value.name]):
            assert value.layout.compact
    for layer in plan.layers:
        block = {i: plan.values[i].layout.block for i in (*layer.inputs, layer.output) if i >= 0}
        if isinstance(layer, PoolLayer | ConcatLayer | DepthwiseLayer):
            # A pool to a single pixel writes a plain array whatever it reads.
            assert len(set(block.values())) == 1 or plan.values[layer.output].layout.plane == 1
        elif isinstance(layer, ElementwiseLayer):
            per_channel = {i for i in layer.inputs if plan.values[i].layout.compact}
            assert len({b for i, b in block.items() if i not in per_channel}) <= 1
        elif isinstance(layer, ConvLayer):
            if layer.indexed.schedule.kind != "packed":  # which writes either
                assert block[layer.output] == (plan.lanes if layer.indexed.schedule.kind == "lanes" else 1)
            assert all(block[i] == block[layer.output] for i in layer.inputs[1:])
        elif isinstance(layer, SplitLayer):
            assert block[layer.output] == 1
            assert layer.stride != (1, 1) or plan.values[layer.inputs[0]].layout.block > 1  # or it is needless


def test_an_input_that_only_copies_read_stays_where_it_is():
    b = Builder("net")
    x = b.input((16, 6, 6))
    outputs = b.conv(x, 4, 3, stride=2, name="a"), b.conv(x, 3, 3, stride=3, name="b")
    plan = lowered(b.graph(*outputs)).plan
    assert not [layer for layer in plan.layers if isinstance(layer, InputLayer)]
    assert [split.inputs for split in splits(plan)] == [(-1,), (-1,)]
