"""The cases of ``variants`` have what the program is built for: all kernels, schemes, schedules and shapes."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest
from variant_schedules import TEMPLATES, cases_of, lowered_for
from variants import COUNTS, KERNELS, MOST_CHANNELS, SIDE

from npas.compiler.formats import FORMATS
from npas.compiler.indexed import Options
from npas.compiler.plan import (
    ConvLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    GlobalAvgPoolLayer,
    Kernel,
    PairLayer,
    Plan,
    PoolLayer,
    WeightsLayer,
)
from npas.compiler.schedules.records import LaneSchedule, PoolSchedule
from npas.compiler.views_kernels import walk_of
from npas.ops import Conv2d
from npas.schemes import SCHEMES, LayerKind, kind_of
from npas.spec.schema import Isa, Storage
from npas.targets.isa import CPU_ISAS, ISAS

SIDES = set(range(1, SIDE + 1))
CHANNELS = set(range(1, MOST_CHANNELS + 1))


def layers_by_template(plan: Plan) -> dict[str, list[WeightsLayer]]:
    templates = {kernel.name: kernel.template for kernel in plan.kernels}
    found: dict[str, list[WeightsLayer]] = {}
    for layer in plan.weights_layers:
        found.setdefault(templates[layer.kernel], []).append(layer)
    return found


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_every_kind_of_kernel_is_there(isa: Isa) -> None:
    """A new template, format or kind of schedule is missing here until some case reaches it."""
    plan = lowered_for(isa).plan
    layers = layers_by_template(plan)
    assert {kernel.template for kernel in plan.kernels} == TEMPLATES - {"conv_items"}
    assert {kernel.binary for kernel in plan.kernels} == set(get_args(Kernel.model_fields["binary"].annotation))
    _, schedules = get_args(get_type_hints(Options)["schedules"])
    kinds = {record.model_fields["kind"].default for record in get_args(schedules)}
    assert {schedule.kind for schedule in plan.schedules.values()} == kinds
    assert {schedule.rows > 0 for schedule in plan.schedules.values() if isinstance(schedule, PoolSchedule)} == {
        True,
        False,
    }
    formats = {template: {layer.stored.format for layer in found} for template, found in layers.items()}
    assert formats["conv"] == set(FORMATS)
    assert formats["conv_lanes"] == {"dense", "bcs"}
    assert formats["linear"] == {"dense", "csr", "bcs"}  # 3x3 patterns have no meaning there
    stored = {(layer.stored.format, layer.stored.storage) for layer in layers["linear"]}
    assert stored == {(format_, storage) for format_ in formats["linear"] for storage in get_args(Storage)}
    groups = {-(-x.stored.filters // x.stored.schedule.rows) for x in layers["linear"] if x.stored.schedule.rows > 1}
    assert any(count > 4 and count % 4 for count in groups)  # four at a time, and what is left
    assert {"pool", "global_avg_pool", "split", "copy"} <= {layer.kind for layer in plan.layers}
    for template, found in layers.items():
        kernels = [kernel for kernel in plan.kernels if kernel.template == template]
        assert {kernel.residual for kernel in kernels} == {True, False}
        assert {bool(kernel.epilogue) for kernel in kernels} == {True, False}
        assert any(layer.stored.filters % ISAS[isa].lanes for layer in found)
    pairs = [layer for layer in plan.layers if isinstance(layer, PairLayer)]
    assert {type(pair.second) for pair in pairs} == {DepthwiseLayer, PoolLayer}
    assert len({pair.rows for pair in pairs if isinstance(pair.second, DepthwiseLayer)}) > 1
    pools = [layer for layer in plan.layers if isinstance(layer, PoolLayer)]
    assert {layer.function for layer in pools} == {"max_pool", "average_pool"}
    moved = [*pools, *(layer for layer in plan.layers if isinstance(layer, ElementwiseLayer | GlobalAvgPoolLayer))]
    for record in (PoolLayer, ElementwiseLayer, GlobalAvgPoolLayer):
        read = {plan.values[layer.inputs[0]].layout.block for layer in moved if isinstance(layer, record)}
        assert read == {1, ISAS[isa].lanes}


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_every_scheme_is_there(isa: Isa) -> None:
    """Wherever it applies: a new one enters by existing."""
    made = cases_of(isa)
    graph = made.network.graph
    found = {(kind_of(graph.node(name), graph), pruning.scheme) for name, pruning in made.options.prunings.items()}
    assert found == {(kind, name) for kind in get_args(LayerKind) for name in SCHEMES if SCHEMES[name].applies(kind)}
    for family in ("pixels", "lanes"):
        names = [case.name for case in made.cases if case.family == family]
        assert {made.options.prunings[name].scheme for name in names if name in made.options.prunings} == set(SCHEMES)


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_schedules_are_of_all_kinds(isa: Isa) -> None:
    made, plan = cases_of(isa), lowered_for(isa).plan
    taken = {layer.nodes[0]: layer.stored.schedule for layer in plan.weights_layers}
    given = {case.name: made.options.schedules.get(case.name) for case in made.cases}
    assert sum(schedule is None for schedule in given.values()) > 5
    for name, schedule in given.items():
        if schedule is not None:  # tiles may become narrower, to be even; rows of depthwise layers are those of a pair
            evened = {"pixels", "lines"} | ({"rows"} if schedule.kind == "depthwise" else set())
            assert taken[name].model_dump(exclude=evened) == schedule.model_dump(exclude=evened)
    values: dict[str, set[Any]] = {}
    for schedule in taken.values():
        for key, value in schedule.model_dump().items():
            values.setdefault(f"{schedule.kind} {key}", set()).add(value)
    assert values["pixels rows"] >= {1, 2, 4, 8}
    assert values["pixels vectors"] >= {1, 2, 3}
    assert values["lanes vectors"] >= {1, 2, 3, 4}
    assert values["lanes depth"] == {1, 2, 4}
    assert {s.lists for s in taken.values() if isinstance(s, LaneSchedule)} == {1, 2, 4}
    assert values["lanes pixels"] >= {1, 2, 3, 4}
    assert values["depthwise pixels"] >= {1, 2, 3}
    assert values["winograd tile"] == {2, 3, 4, 5, 6, 7}
    assert values["packed lines"] >= {1, 2, 3}
    assert max(values["packed lines"]) > 6
    assert values["pixels split"] == values["packed split"] == values["lanes split"] == {"filters", "pixels"}
    assert values["winograd split"] == {"tiles", "filters"}
    assert {k.narrow == k.vectors for k in plan.kernels if k.template.startswith(("conv_l", "wino"))} == {True, False}
    lanes = [k for k in plan.kernels if k.template == "conv_lanes"]
    assert {(k.ahead, k.ragged) for k in lanes} == {(a, r) for a in (True, False) for r in (True, False)}
    assert any(k.ragged and k.residual for k in lanes)
    assert any(k.ragged and k.pixels > 1 for k in lanes)
    packed = [k for k in plan.kernels if k.template == "conv_packed"]
    assert {k.narrow == k.rows for k in packed} == {True, False}
    assert {k.step for k in packed} == {1, plan.lanes}
    assert {k.residual for k in packed if k.step == 1} == {k.residual for k in packed if k.step > 1} == {True, False}
    assert {(k.runs_on, k.residual) for k in packed} == {(on, r) for on in (True, False) for r in (True, False)}
    assert 2 in {k.lists for k in packed if k.runs_on}
    assert isa == "avx512" or 1 in {k.lists for k in packed if k.runs_on}  # which has registers for two
    turned = [k for k in plan.kernels if k.template == "depthwise_lanes" and k.turned]
    assert {k.residual for k in turned} == {True, False}
    between = [k for k in plan.kernels if k.template == "depthwise_planar"]
    assert {k.stride[1] for k in between} == {1, 2}
    walks = [walk_of(k, plan.lanes) for k in between]
    # Rows as one vector or more, with and without numbers behind them: three of the four on every instruction set.
    assert len({(walk.across >= k.written[1], k.runs_on) for k, walk in zip(between, walks, strict=True)}) >= 3
    assert {walk.across > k.written[1] for k, walk in zip(between, walks, strict=True)} == {True, False}
    assert {k.runs_on for k in between} == {k.residual for k in between} == {True, False}
    assert {k.strips > 1 for k in between} == {k.read == k.written for k in between} == {True, False}
    assert any(k.written[0] % k.strips for k in between)
    assert any((k.window[0] - 1) * k.dilation[0] + 1 < k.stride[0] for k in between)
    if plan.lanes < 16:  # a row of 17 pixels has vectors that reach over neither of its ends
        assert {k.vectors > 1 for k in between} == {True, False}
        assert any(k.written[1] > 2 * k.vectors * plan.lanes for k in between)
    assert {bool(k.pads[0]) for k in between} == {True, False}
    assert {bool(walk.left) for walk in walks} == {bool(walk.right) for walk in walks} == {True, False}
    steps = {"none" if w.inside == (0, 0) else "all" if w.inside == (0, w.rows) else "some" for w in walks}
    assert steps == {"none", "some", "all"}
    packings = [layer.indexed.packing for layer in plan.layers if isinstance(layer, ConvLayer)]
    slots = {packing.slot for packing in packings if packing is not None}
    assert slots >= {0, plan.lanes, plan.lanes // 2}  # runs on, one row, two rows
    in_place = [packing for packing in packings if packing is not None and packing.in_place]
    assert in_place
    assert {packing.by_length for packing in packings if packing is not None} == {True, False}
    assert any(
        layer.indexed.schedule.channel_block < layer.indexed.channels
        for layer in plan.layers
        if isinstance(layer, ConvLayer) and layer.indexed.packing in in_place
    )


@pytest.mark.parametrize("isa", CPU_ISAS)
def test_shapes_are_of_all_kinds(isa: Isa) -> None:
    made = cases_of(isa)
    graph = made.network.graph
    assert len(made.cases) == sum(COUNTS["cpu"].values())
    assert {case.source[0] for case in made.cases} >= CHANNELS
    assert {graph.shapes[case.name][1] for case in made.cases} >= CHANNELS
    assert {side for case in made.cases for side in case.source[1:]} == SIDES
    assert {side for case in made.cases for side in graph.shapes[case.name][2:]} == SIDES
    for family in ("pixels", "grouped", "packed", "lanes", "depthwise", "planar"):
        cases = [case for case in made.cases if case.family == family]
        ops = [op for case in cases if isinstance(op := graph.node(case.name).op, Conv2d)]
        assert {op.kernel for op in ops} == set(KERNELS)
        assert {stride for op in ops for stride in op.stride} == {1, 2, 3}
        assert any(op.stride[0] != op.stride[1] for op in ops)
        assert {dilation for op in ops for dilation in op.dilation} == {1, 2}
        assert any(op.pads[:2] != op.pads[2:] for op in ops)
        assert sum(case.source[1] != case.source[2] for case in cases) > len(cases) // 2
    groups = {op.groups for case in made.cases if isinstance(op := graph.node(case.name).op, Conv2d)}
    assert len(groups) > 8
