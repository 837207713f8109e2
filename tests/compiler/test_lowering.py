"""From graph to plan: fusion, the arena, the plan as YAML, and what is refused."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import lowered, network_of, prunings_of
from random_graphs import SEEDS, random_graph
from ruamel.yaml import YAML

from npas.algorithms import one_shot
from npas.compiler import arena
from npas.compiler.fuse import fuse
from npas.compiler.indexed import BLOCK_FILTERS, Options
from npas.compiler.lower import fingerprint, lower
from npas.compiler.plan import CopyLayer, ElementwiseLayer, Plan
from npas.errors import UnsupportedError
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import BatchNorm, Conv2d, GlobalAvgPool, Input, MaxPool
from npas.search.candidate import Pruning
from npas.spec.schema import Isa
from npas.stages.lock import dump_yaml
from npas.targets.isa import ISAS

# Fusion ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_cover_the_graph_and_run_in_order(seed):
    graph = random_graph(seed)
    groups = fuse(graph)
    assert sorted(name for group in groups for name in group.nodes) == sorted(node.name for node in graph.nodes)
    ready: set[str] = set()
    for group in groups:
        inner = set(group.nodes)
        needed = {i for name in group.nodes for i in graph.node(name).inputs} - inner
        # Whatever comes from outside is the value of an earlier group: a group that depended on itself could not run.
        assert needed <= ready
        assert needed <= {*group.root.inputs, group.residual}
        ready.add(group.value)
        for name in group.nodes[:-1]:  # nobody sees what the group keeps to itself
            assert name not in graph.outputs
            assert all(reader.name in inner for reader in graph.consumers[name])


def test_a_residual_add_goes_to_one_of_its_layers():
    builder = Builder("net")
    x = builder.input((4, 6, 6))
    a, b = builder.conv(x, 4, 3), builder.conv(x, 4, 3)
    total = builder.act(builder.add(a, b), "relu")
    groups = {group.value: group for group in fuse(builder.graph(total))}
    assert groups[total].nodes == (a, "add1", total)
    assert groups[total].residual == b
    assert groups[b].nodes == (b,)


def test_only_the_first_add_of_a_chain_is_a_residual():
    builder = Builder("net")
    x = builder.input((4, 6, 6))
    once = builder.add(builder.conv(x, 4, 3), x)
    twice = builder.add(once, x)
    groups = {group.value: group for group in fuse(builder.graph(twice))}
    assert groups[once].residual == x
    assert groups[twice].root.name == twice
    assert groups[twice].residual is None


def test_a_value_that_others_read_ends_its_group():
    """The diamond: x -> a -> b, x -> a -> c, b + c. Fusing a into b would make the group wait for itself."""
    builder = Builder("net")
    x = builder.input((4, 6, 6))
    a = builder.act(builder.conv(x, 4, 3), "relu")
    b, c = builder.act(a, "hard_swish"), builder.conv(a, 4, 3)
    total = builder.add(c, b)
    groups = {group.value: group for group in fuse(builder.graph(total))}
    assert groups[a].nodes == ("conv1", a)
    assert groups[b].nodes == (b,)
    assert groups[total].nodes == (c, total)
    assert groups[total].residual == b


def test_an_output_inside_a_chain_ends_its_group():
    builder = Builder("net")
    conv = builder.conv(builder.input((4, 6, 6)), 4, 3)
    act = builder.act(conv, "relu")
    assert [group.nodes for group in fuse(builder.graph(act, conv))][1:] == [(conv,), (act,)]


@pytest.mark.parametrize("other", [(4, 1, 1), (4, 6, 6)])
def test_an_add_to_itself_or_of_another_shape_is_no_residual(other):
    builder = Builder("net")
    x = builder.input((4, 6, 6))
    conv = builder.conv(x, 4, 3)
    total = builder.add(conv, builder.global_avg_pool(x) if other != (4, 6, 6) else conv)
    groups = {group.value: group for group in fuse(builder.graph(total))}
    assert groups[total].root.name == total


# Arena -------------------------------------------------------------------------------------------------------------


@st.composite
def lives(draw) -> dict[int, arena.Life]:
    made = {}
    for i in range(draw(st.integers(0, 20))):
        first = draw(st.integers(0, 15))
        made[i] = arena.Life(16 * draw(st.integers(0, 8)), first, first + draw(st.integers(0, 6)))
    return made


@settings(max_examples=200, deadline=None, derandomize=True)
@given(lives())
def test_values_alive_together_never_overlap(lives):
    offsets, size = arena.place(lives)
    assert set(offsets) == set(lives)
    assert all(offsets[i] >= 0 and offsets[i] + lives[i].size <= size for i in lives)
    for i in lives:
        for j in lives:
            if i < j and lives[i].overlaps(lives[j]):
                assert offsets[i] + lives[i].size <= offsets[j] or offsets[j] + lives[j].size <= offsets[i]
    most = max((sum(v.size for v in lives.values() if v.first <= t <= v.last) for t in range(25)), default=0)
    assert most <= size <= sum(v.size for v in lives.values())


def test_no_gap_is_left_that_another_order_fills():
    """As in MobileNet-V2: largest first, the narrow value that comes third lies above both wide ones."""
    sizes_and_lives = ((64, 0, 1), (64, 1, 2), (32, 2, 3), (48, 3, 4))
    _, size = arena.place({i: arena.Life(*life) for i, life in enumerate(sizes_and_lives)})
    assert size == 128


@pytest.mark.parametrize("seed", SEEDS)
def test_a_plan_never_overwrites_what_is_still_read(seed):
    plan = lowered(random_graph(seed)).plan
    spans = {}
    for i, value in enumerate(plan.values):
        uses = [n for n, layer in enumerate(plan.layers) if i in (layer.output, *layer.inputs)]
        if not uses:
            continue  # what a layer needs while it runs
        spans[i] = (min(uses), max(uses), value.offset, value.offset + value.size)
        assert plan.layers[min(uses)].output == i  # written before it is read
    for i, (first, last, begin, end) in spans.items():
        for j, (other_first, other_last, other_begin, other_end) in spans.items():
            if i < j and first <= other_last and other_first <= last and not written_over(plan, i, j):
                assert end <= other_begin or other_end <= begin, (i, j)


def written_over(plan: Plan, first: int, second: int) -> bool:
    """Whether an element-wise layer, the last to read one value, writes another in its place."""
    for n, layer in enumerate(plan.layers):
        if isinstance(layer, ElementwiseLayer) and layer.output == second and first in layer.inputs:
            return not any(first in later.inputs for later in plan.layers[n + 1 :])
    return False


def test_elementwise_layers_write_over_what_they_read_last():
    builder = Builder("net")
    x = builder.conv(builder.input((8, 9, 9)), 16, 3)
    gate = builder.act(builder.conv(builder.global_avg_pool(x), 16, 1), "hard_swish")
    scaled = builder.mul(x, gate)
    plan = lowered(builder.graph(builder.conv(scaled, 8, 1))).plan
    (layer,) = [layer for layer in plan.layers if isinstance(layer, ElementwiseLayer) and layer.nodes == (scaled,)]
    assert plan.values[layer.output].offset == plan.values[layer.inputs[0]].offset
    kept = lowered(builder.graph(builder.add(builder.conv(scaled, 16, 1), x))).plan
    (layer,) = [layer for layer in kept.layers if isinstance(layer, ElementwiseLayer) and layer.nodes == (scaled,)]
    assert kept.values[layer.output].offset != kept.values[layer.inputs[0]].offset


# The plan ----------------------------------------------------------------------------------------------------------


def test_flatten_of_one_pixel_is_free_and_of_planes_a_copy():
    builder = Builder("net")
    x = builder.act(builder.input((3, 5, 5)), "relu")
    free, copied = builder.flatten(builder.global_avg_pool(x)), builder.flatten(x)
    plan = lowered(builder.graph(builder.linear(free, 2), builder.linear(copied, 2))).plan
    assert [layer.nodes for layer in plan.layers if isinstance(layer, CopyLayer)] == [(copied,)]


def test_grouped_layers_to_one_pixel_store_their_own_channels_only():
    builder = Builder("net")
    x = builder.conv(builder.input((64, 4, 4)), 64, 4, pads=(0, 0, 0, 0), groups=64)
    (layer,) = lowered(builder.graph(x)).plan.weights_layers
    assert layer.stored.kept_weights == 64 * 16
    assert layer.stored.bytes < 64 * 64 * 16 * 4 / 2


@pytest.mark.parametrize("seed", range(3))
def test_a_plan_survives_yaml(seed):
    graph = random_graph(seed)
    prunings = prunings_of(graph, np.random.default_rng(seed))
    pruned = one_shot(network_of(graph), prunings).network
    plan = lower(pruned, isa="portable", threads=3, options=Options(prunings=prunings)).plan
    text = dump_yaml(plan)
    back = Plan.model_validate(YAML(typ="safe", pure=True).load(io.StringIO(text)))
    assert back == plan
    assert fingerprint(back) == fingerprint(plan)
    assert dump_yaml(back) == text


def test_the_fingerprint_ties_weights_to_their_plan():
    builder = Builder("net")
    graph = builder.graph(builder.conv(builder.input((3, 5, 5)), 4, 3))
    one = lower(network_of(graph), isa="avx2", threads=1)
    assert fingerprint(one.plan) == fingerprint(lower(network_of(graph, seed=9), isa="avx2", threads=1).plan)
    assert fingerprint(one.plan) != fingerprint(lower(network_of(graph), isa="avx2", threads=2).plan)
    assert one.weights() != lower(network_of(graph, seed=9), isa="avx2", threads=1).weights()


def test_equal_kernels_are_emitted_once_and_named_after_what_they_do():
    builder = Builder("net")
    x = builder.input((8, 9, 9))
    for _ in range(3):
        x = builder.act(builder.conv(x, 8, 3), "relu6")
    plan = lowered(builder.graph(x), options=Options(direct=True)).plan
    assert [kernel.name for kernel in plan.kernels] == ["conv_lanes_avx2_v1p9s8_ahead_clip_0p0_6p0"]


def test_kernel_names_fit_a_file_name_and_differ():
    builder = Builder("net")
    x = builder.input((4, 6, 6))
    outputs = []
    for last in ("relu", "swish"):
        y = builder.conv(x, 4, 3)
        for _ in range(20):
            y = builder.act(builder.act(y, "hard_swish"), "relu6")
        outputs.append(builder.act(y, last))
    plan = lowered(builder.graph(*outputs)).plan
    names = [kernel.name for kernel in plan.kernels]
    assert len(set(names)) == 2
    assert all(len(name) <= 120 for name in names)
    assert {layer.kernel for layer in plan.weights_layers} == set(names)


def unsupported() -> dict[str, Graph]:
    graphs = {}
    b = Builder("net")
    graphs["padded pixel"] = b.graph(b.conv(b.input((3, 1, 1)), 2, 3, pads=(2, 2, 2, 2), name="culprit"))
    b = Builder("net")
    wider = MaxPool(kernel=(2, 2), stride=(1, 1), pads=(1, 1, 1, 1))
    graphs["pooled pixel"] = b.graph(b.node(wider, b.input((16, 1, 1)), name="culprit"))
    b = Builder("net")
    graphs["batch-norm"] = b.graph(b.node(BatchNorm(), b.input((3, 4, 4)), name="culprit"))
    for op in (Conv2d(filters=2, kernel=(1, 1)), MaxPool(kernel=(2, 2)), GlobalAvgPool()):
        b = Builder("net")
        images = b.node(Input(shape=(2, 3, 4, 4)), name="input")
        graphs[f"{op.type} of two images"] = b.graph(b.node(op, images, name="culprit"))
    return graphs


@pytest.mark.parametrize("what", unsupported())
def test_what_cannot_be_lowered_is_named(what):
    with pytest.raises(UnsupportedError, match=r"^node culprit: .*, .*, "):
        lowered(unsupported()[what])


def test_lowering_does_not_touch_the_network():
    graph = random_graph(3)
    network = network_of(graph)
    before = {name: w.copy() for name, w in network.weights.items()}
    one, two = (lower(network, isa="avx2", threads=2) for _ in range(2))
    assert one.plan == two.plan
    assert one.weights() == two.weights()
    assert one.plan == lower(replace(network), isa="avx2", threads=2).plan
    for name, w in network.weights.items():
        np.testing.assert_array_equal(w, before[name])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", range(12))
def test_a_plan_is_made_again_from_its_own_schedules(seed, isa):
    """As a locked build does: layouts are decided from the schedules as they were without them."""
    graph = random_graph(seed)
    prunings = prunings_of(graph, np.random.default_rng(seed))
    pruned = one_shot(network_of(graph), prunings).network
    plan = lower(pruned, isa=isa, threads=2, options=Options(prunings=prunings)).plan
    schedules = {layer.nodes[0]: layer.stored.schedule for layer in plan.weights_layers}
    assert lower(pruned, isa=isa, threads=2, options=Options(prunings=prunings, schedules=schedules)).plan == plan


@pytest.mark.parametrize("isa", ISAS)
def test_blocks_of_a_fully_connected_layer_are_stored_once(isa: Isa) -> None:
    """Filters beside each other in a kernel must share their columns, or one stores zeros for those of the others."""
    builder = Builder("net")
    made = builder.linear(builder.flatten(builder.input((4, 8, 8))), 128)
    network = network_of(builder.graph(made))
    prunings = {made: Pruning("block", 8.0)}
    pruned = one_shot(network, prunings).network
    (layer,) = lower(pruned, isa=isa, threads=1, options=Options(prunings=prunings)).plan.weights_layers
    kept = 4 * layer.stored.kept_weights
    wider = max(1, ISAS[isa].lanes // BLOCK_FILTERS)  # two blocks fill a vector of sixteen
    assert layer.stored.bytes < 1.2 * wider * kept
