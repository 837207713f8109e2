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
from npas.compiler.schedules.packed import MOST_VECTORS
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


def inverted(b: Builder, x: str, channels: int, stride: int = 1) -> str:
    """A 1x1 layer, a depthwise and a 1x1 one, named by the number of channels between."""
    y = b.conv(x, channels, 1, name=f"expand{channels}")
    y = b.conv(y, channels, 3, stride=stride, groups=channels, name=f"depthwise{channels}")
    return b.conv(y, 16, 1, name=f"project{channels}")


def runs_of(graph: Graph, *packed: str) -> Blocks:
    """The decisions where these layers have a list for each filter, and depthwise ones kernels of all kinds."""
    wanted = {node.name: "lanes" for node in graph.nodes if isinstance(node.op, Conv2d)}
    depthwise = {name for name in wanted if name.startswith("depthwise")}
    wanted |= dict.fromkeys(depthwise, "depthwise") | dict.fromkeys(packed, "packed")
    return Blocks.of(graph, fuse(graph), LANES, wanted, set(packed), depthwise)


def test_packed_and_depthwise_layers_alone_meet_in_planes():
    b = Builder("net")
    x = b.conv(b.input((3, 32, 32)), 16, 3, stride=2, name="stem")
    x = b.conv(x, 16, 3, groups=16, name="depthwise16")
    x = b.conv(x, 16, 1, name="first")
    x = b.add(inverted(b, x, 48), x)
    graph = b.graph(b.conv(x, 16, 3, name="dense"))
    all_packed = ("first", "expand48", "project48")
    blocks = runs_of(graph, *all_packed)
    # The last layer reads lanes, and what is added up before it lies as it does; the stem writes lanes.
    assert {name: blocks.block[name] for name in ("stem", "depthwise16", "first", "expand48", "depthwise48")} == {
        "stem": 8,
        "depthwise16": 1,
        "first": 8,
        "expand48": 1,
        "depthwise48": 1,
    }
    assert blocks.kernel["depthwise16"] == "depthwise"  # turned round
    assert blocks.kernel["depthwise48"] == "planar"
    assert {blocks.kernel[name] for name in all_packed} == {"packed"}


def test_a_depthwise_layer_never_goes_from_planes_to_lanes():
    b = Builder("net")
    x = b.conv(b.input((16, 16, 16)), 16, 1, name="first")
    graph = b.graph(inverted(b, x, 48))
    blocks = runs_of(graph, "first", "expand48")
    assert blocks.block["expand48"] == blocks.block["depthwise48"] == LANES
    assert blocks.kernel["depthwise48"] == "depthwise"
    blocks = runs_of(graph, "first", "project48")  # the first two of the three can be computed together
    assert blocks.block["expand48"] == blocks.block["depthwise48"] == LANES


@pytest.mark.parametrize("isa", ["portable", "avx2", "avx512"])
@pytest.mark.parametrize("side", [96, 160, 400])
def test_wide_planes_are_copied_where_lists_cannot_name_their_pixels(isa, side):
    b = Builder("net")
    x = b.conv(b.input((3, side, side)), 64, 1, name="stem")
    x = b.conv(x, 64, 1, name="wide")
    graph = b.graph(b.conv(x, 64, 1, name="wider"))
    prunings = {name: Pruning("unstructured", 8.0) for name in ("wide", "wider")}
    network = one_shot(network_of(graph), prunings).network
    plan = lower(network, isa=isa, threads=1, options=Options(prunings=prunings)).plan
    packings = {x.nodes[0]: x.indexed.packing for x in plan.layers if isinstance(x, ConvLayer) and x.indexed.packing}
    assert set(packings) == {"wide", "wider"}
    assert packings["wide"].in_place is False  # which reads lanes
    for packing in packings.values():
        assert packing.channels * packing.vectors <= MOST_VECTORS


@pytest.mark.parametrize("isa", sorted(ISAS))
def test_a_narrow_head_is_made_again_from_its_own_schedules(isa):
    """Its kernel comes from its output's layout, and must not decide its input's once a lock names it."""
    b = Builder("net")
    x = b.conv(b.input((16, 16, 16)), 16, 3, name="dense")
    x = b.conv(b.max_pool(x, 2, 2), 32, 1, name="lists")
    graph = b.graph(b.conv(x, 4, 1, name="head"))
    prunings = {"lists": Pruning("unstructured", 8.0)}
    network = one_shot(network_of(graph), prunings).network
    made = lower(network, isa=isa, threads=1, options=Options(prunings=prunings))
    again = lower(network, isa=isa, threads=1, options=Options(prunings=prunings, schedules=made.plan.schedules))
    assert again.plan == made.plan
