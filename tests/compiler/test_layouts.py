"""Where values lie, and that kernels fill them and stay inside them."""

from __future__ import annotations

from collections import Counter

import pytest
from programs import conv_layers, kernel_of, lowered, lowered_at_random
from random_graphs import SEEDS, random_graph

from npas.compiler import arena
from npas.compiler.layout import ALIASING, spread
from npas.compiler.plan import DepthwiseLayer, SplitLayer, Value
from npas.graph.builder import Builder
from npas.ops import Conv2d
from npas.targets.isa import ISAS


def test_the_random_graphs_hold_every_kind_of_layer():
    """Or the tests over them would prove little."""
    seen = Counter[str]()
    for isa in ISAS:
        for seed in SEEDS:
            graph = random_graph(seed)
            plan = lowered_at_random(graph, seed, isa).plan
            for layer in plan.weights_layers:
                op = graph.node(layer.nodes[0]).op
                kind = f"{layer.kind} {layer.stored.schedule.kind}"
                words = [kind, f"{kind} {layer.stored.format}"]
                if isinstance(op, Conv2d):
                    words += [f"{kind} stride {s}" for s in op.stride] + [f"{kind} dilation {d}" for d in op.dilation]
                seen.update([*words, f"{kind} of {len(layer.inputs)}"])
            seen.update(layer.kind for layer in plan.layers)
    assert seen.keys() >= {
        *(f"conv lanes {f}" for f in ("dense", "bcs")),
        *(f"conv pixels {f}" for f in ("dense", "csr", "fkw", "bcs")),
        *(f"conv packed {f}" for f in ("csr", "fkw")),
        *(f"conv {kind} stride {s}" for kind in ("lanes", "pixels") for s in (1, 2, 3)),
        *(f"{kind} dilation {d}" for kind in ("conv lanes", "conv pixels", "depthwise depthwise") for d in (1, 2)),
        *(f"{kind} of {n}" for kind in ("conv lanes", "conv pixels", "depthwise depthwise") for n in (1, 2)),
        "depthwise planar",
        *("split", "concat", "pool", "copy", "elementwise", "global_avg_pool"),
    }


def behind(value: Value) -> int:
    """The place in the arena behind the value's last plane."""
    return value.offset + value.layout.size


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", SEEDS)
def test_tiles_of_pixels_stay_inside_their_planes(seed, isa):
    plan = lowered_at_random(random_graph(seed), seed, isa).plan
    for layer in conv_layers(plan, "pixels"):
        indexed, out = layer.indexed, plan.values[layer.output]
        source = plan.values[layer.inputs[0]]
        written = indexed.tile * indexed.tiles
        assert {plan.values[i].layout.block for i in (*layer.inputs, layer.output)} == {1}
        assert written >= out.layout.run
        assert out.layout.origin + written <= out.layout.plane  # no tile reaches the next plane
        assert indexed.tile == indexed.schedule.vectors * plan.lanes
        assert source.layout.pitch == out.layout.pitch  # or output pixel p would not read input p + offset
        assert min(indexed.tap_offsets) >= -source.layout.origin
        last = behind(source) - indexed.plane_step + source.layout.origin
        assert last + max(indexed.tap_offsets) + written <= plan.arena
        if len(layer.inputs) > 1:
            residual = plan.values[layer.inputs[1]]
            assert residual.layout.pitch == out.layout.pitch
            assert behind(residual) - residual.layout.plane + residual.layout.origin + written <= plan.arena


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", SEEDS)
def test_filters_in_lanes_fill_the_planes_of_their_output(seed, isa):
    plan = lowered_at_random(random_graph(seed), seed, isa).plan
    for layer in conv_layers(plan, "lanes"):
        schedule, kernel = layer.indexed.schedule, kernel_of(plan, layer)
        source, out, *others = (plan.values[i].layout for i in (layer.inputs[0], layer.output, *layer.inputs[1:]))
        assert out.block == plan.lanes
        assert source.block in (1, plan.lanes)
        groups = -(-out.channels // (schedule.planes * plan.lanes))
        assert ((groups - 1) * kernel.vectors + kernel.narrow) * schedule.lists == out.planes * kernel.depth
        assert (kernel.vectors, kernel.depth, kernel.pixels) == (schedule.vectors, schedule.depth, schedule.pixels)
        assert schedule.depth == 1 or (source.block > 1 and source.channels % 2 == 0)
        for residual in others:
            assert (residual.block, residual.planes) == (out.block, out.planes)
            assert layer.indexed.grid.row_step or kernel.ragged or residual.pitch == residual.width
    for layer in plan.layers:
        if isinstance(layer, DepthwiseLayer):
            source, out, *others = (
                plan.values[i].layout.block for i in (layer.inputs[0], layer.output, *layer.inputs[1:])
            )
            kernel = kernel_of(plan, layer)
            assert source == (1 if kernel.template == "depthwise_planar" else plan.lanes)
            assert {out, *others} == {1 if kernel.turned else source}


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", SEEDS)
def test_layouts_hold_their_pixels(seed, isa):
    for value in lowered_at_random(random_graph(seed), seed, isa).plan.values:
        layout = value.layout
        assert layout.pitch >= layout.width
        assert layout.origin + layout.run <= layout.plane
        assert value.size >= layout.size == layout.planes * layout.plane * layout.block
        assert 0 <= layout.planes * layout.block - layout.channels < layout.block
        assert value.offset % arena.ALIGNMENT == 0
        if layout.block == 1 and not layout.compact:
            assert layout.origin % arena.ALIGNMENT == 0
            assert layout.plane % arena.ALIGNMENT == 0
        if not layout.compact:
            assert layout.plane * layout.block % ALIASING != 0


def test_planes_do_not_compete_for_cache_lines():
    assert [spread(plane) for plane in (1008, 1024, 1040, 2048)] == [1008, 1040, 1040, 2064]
    builder = Builder("net")
    x = builder.conv(builder.input((3, 32, 32)), 8, 1)
    plan = lowered(builder.graph(builder.conv(x, 8, 1))).plan
    assert [value.layout.plane for value in plan.values] == [1040, 1026, 1026]


def test_strided_layers_with_pixels_in_lanes_read_phases():
    builder = Builder("net")
    x = builder.input((3, 9, 8))
    plan = lowered(builder.graph(builder.conv(x, 4, (3, 1), stride=(2, 3), pads=(1, 0, 1, 0)))).plan
    split = next(layer for layer in plan.layers if isinstance(layer, SplitLayer))
    assert split.phases == ((0, 0), (1, 0))
    assert split.inputs == (-1,)  # straight from the caller's array
    assert plan.values[split.output].layout.channels == 6
    assert plan.layers[0] is split


def test_strided_layers_with_filters_in_lanes_read_the_image():
    builder = Builder("net")
    x = builder.input((3, 9, 8))
    graph = builder.graph(builder.conv(x, 8, (3, 1), stride=(2, 3), pads=(1, 0, 1, 0)))
    plan = lowered(graph).plan
    assert [layer.kind for layer in plan.layers] == ["input", "conv", "output"]
    (layer,) = conv_layers(plan, "lanes")
    assert (layer.indexed.input_block, kernel_of(plan, layer).step) == (1, 3)
