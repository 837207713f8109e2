"""Every kernel variant on odd sizes, under AddressSanitizer and UndefinedBehaviorSanitizer.

A program holds all cases of an instruction set; each of its layers is held against float64 and exact integers, as
``npas verify`` does. All values lie in one arena: a kernel that goes wrong inside it is found by the comparison, one
that leaves it, the weights or the lists by the sanitizers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from signal import SIGILL, SIGTRAP
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from programs import NAME, UNOPTIMISED, assert_parity, compiled_as, device, images_of, rehashed, require_device
from sanitized import WatchedDevice, compile_watched, sanitizing_compiler
from variant_schedules import Variants, variants
from variants import COUNTS, KERNELS, MOST_CHANNELS, SIDE

from npas.compiler.emit import emit
from npas.compiler.formats import FORMATS
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
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
from npas.compiler.schedules.space import PLACEMENTS
from npas.compiler.views_kernels import walk_of
from npas.compiler.views_layers import weighted
from npas.ops import Conv2d
from npas.schemes import SCHEMES, LayerKind, kind_of
from npas.spec.schema import Isa, Storage
from npas.stages import finish
from npas.targets.compilers import Compiler
from npas.targets.isa import CPU_ISAS, ISAS, IsaName
from npas.targets.toolchain import compile_program
from npas.targets.tree_writer import write_tree
from npas.verify import ParityReport, verify
from npas.verify.parity import Subject

THREADS = 3
TEMPLATES = set(get_args(Kernel.model_fields["template"].annotation))
LANE_TEMPLATES = {"conv_lanes", "conv_items"}
"""Of which a program has one: as its work items are."""
SIDES = set(range(1, SIDE + 1))
CHANNELS = set(range(1, MOST_CHANNELS + 1))


@dataclass(frozen=True)
class Built:
    """The cases of an instruction set, generated and compiled."""

    folder: Path
    subject: Subject
    tree: dict[str, bytes]
    compiler: Compiler

    def verify(self, threads: int, **changed: Any) -> ParityReport:
        subject = replace(self.subject, device=WatchedDevice(threads=threads), **changed)
        return verify(subject, images_of(self.subject.network, 1))

    def edited(self, path: str, change: Callable[[str], str]) -> Subject:
        """The program with a fault in one of its files."""
        text = self.tree[path].decode()
        assert change(text) != text, f"the fault was not planted in {path}"
        tree = {**self.tree, path: change(text).encode()}
        isa = compiled_as(self.subject.lowered.plan.isa)
        return replace(self.subject, verify=compile_watched(self.folder / "edited", tree, NAME, isa, self.compiler))


@pytest.fixture(scope="module", params=CPU_ISAS)
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    isa, folder = request.param, tmp_path_factory.mktemp(request.param)
    compiler = sanitizing_compiler(folder)
    if isinstance(compiler, str):
        pytest.skip(compiler)
    made, lowered = cases_of(isa), lowered_for(isa)
    tree = dict(emit(lowered.plan))
    subject = Subject(
        network=made.network,
        lowered=lowered,
        model=finish.export(made.network, NAME, folder).read_bytes(),
        verify=compile_watched(folder, tree, NAME, compiled_as(isa), compiler),
        weights=lowered.weights(),
        device=WatchedDevice(),
    )
    return Built(folder, subject, tree, compiler)


def cases_of(isa: Isa) -> Variants:
    """By seeds under which every kind of kernel is drawn, which the tests below hold them to."""
    return variants(isa, seed={"avx512": 17, "avx2": 9}.get(isa, 8))


@cache
def lowered_for(isa: Isa) -> Lowered:
    """As the cases are: simplified, they would lose the channels of their inputs that pruned layers do not read."""
    made = cases_of(isa)
    return lower(made.network, isa=isa, threads=THREADS, options=made.options)


@pytest.mark.parametrize("threads", [1, THREADS])
def test_every_variant(built: Built, threads: int) -> None:
    assert_parity(built.verify(threads))


def test_nothing_that_an_inference_leaves_reaches_a_later_one(built: Built) -> None:
    """Kernels read lanes that hold no pixels, of values that lie where others did: with NaN there, too, results are the
    same."""
    subject, image = built.subject, images_of(built.subject.network, 1)
    source, target, weights = (built.folder / name for name in ("in.bin", "out.bin", "weights.bin"))
    source.write_bytes(np.concatenate([image, np.full_like(image, np.nan), image]).tobytes())
    weights.write_bytes(subject.weights)
    subject.device.run([str(subject.verify.binary), *map(str, (weights, "run", 1, source, target))], 600)
    first, between, last = np.fromfile(target, np.float32).reshape(3, -1)
    graph = built.subject.network.graph
    ends = np.cumsum([int(np.prod(graph.shapes[name])) for name in graph.outputs])
    assert ends[-1] == len(between)
    # A maximum drops NaN here and there, but what nearly every layer leaves has it.
    assert np.mean([np.isnan(output).any() for output in np.split(between, ends[:-1])]) > 0.95
    assert np.isnan(between).mean() > 0.5
    assert not np.isnan(first).any()
    np.testing.assert_array_equal(last, first)


@pytest.mark.parametrize(
    ("isa", "lanes", "placements"),
    [
        (f"{isa}{numbers}", lanes, placements)
        for isa, lanes, placements in (
            ("opencl8", "conv_lanes", set(PLACEMENTS["opencl"])),
            ("opencl_gpu", "conv_items", {"buffer", "image"}),
        )
        for numbers in ("", "_store16", "_math16")
    ],
)
def test_every_variant_on_opencl(
    isa: IsaName, lanes: str, placements: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One width of vectors stands for all. Not optimised, as on processors."""
    require_device(isa)
    monkeypatch.setenv(*UNOPTIMISED)
    made = variants(isa, seed=8)
    lowered = lower(made.network, isa=isa, threads=THREADS, options=made.options)
    kernels = lowered.plan.kernels
    assert {kernel.template for kernel in kernels} == TEMPLATES - {
        "conv_packed",
        "depthwise_planar",
        *(LANE_TEMPLATES - {lanes}),
    }
    for template, there in ((lanes, placements), ("winograd_lanes", set(PLACEMENTS["opencl"]))):
        assert {kernel.placement for kernel in kernels if kernel.template == template} == there, template
    write_tree(tmp_path / "runtime", {**emit(lowered.plan, layer_files=1), "weights.bin": lowered.weights()})
    subject = Subject(
        network=made.network,
        lowered=lowered,
        model=finish.export(made.network, NAME, tmp_path).read_bytes(),
        verify=compile_program(tmp_path / "runtime", "verify", ISAS[isa]),
        weights=lowered.weights(),
        device=device(isa),
    )
    assert_parity(verify(subject, images_of(made.network, 1)), ISAS[isa].values)


def test_a_wrong_weight_is_found(built: Built) -> None:
    """In the last layer that has weights, all of which meet pixels, so that it stands for all."""
    plan = built.subject.lowered.plan
    sizes = [(plan.values[layer.inputs[0]].layout, layer) for layer in plan.weights_layers]
    layer = [layer for layout, layer in sizes if min(layout.height, layout.width) >= 3][-1]
    weights = bytearray(built.subject.weights)
    _, _, count, offset = struct.unpack_from("<IIQQ", weights, 32 + 24 * layer.stored.first_section)
    values = np.frombuffer(weights, "<f4", count, offset)
    values[np.argmax(np.abs(values))] *= np.float32(1.001)
    report = built.verify(1, weights=rehashed(bytes(weights)))
    assert [check.name for check in report.layers if not check.passed] == [layer.nodes[-1]]


@pytest.mark.parametrize(("packed", "found"), [(False, "AddressSanitizer"), (True, "an index out of bounds")])
def test_a_read_outside_the_arena_is_reported(built: Built, packed: bool, found: str) -> None:
    """By the sanitizer; where a list has numbers of vectors of a copy, as the weights are loaded."""
    layers = weighted(built.subject.lowered.plan)[0]
    tables = list(dict.fromkeys(layer.indexed.tap_offsets for layer in layers))
    of_packed = {layer.indexed.tap_offsets for layer in layers if layer.indexed.packing is not None}
    number = next(i for i, offsets in enumerate(tables) if (offsets in of_packed) == packed)
    taps = f"constexpr std::int32_t kTaps{number}[] = {{"
    wrong = built.edited("src/description.cpp", lambda text: text.replace(taps, f"{taps}-99999999 + ", 1))
    with pytest.raises(AssertionError, match=found):
        verify(wrong, images_of(wrong.network, 1))


def test_undefined_behaviour_ends_the_program(built: Built) -> None:
    overflow = "\nstatic volatile int most = 2147483647;\nint planted = most + 1;\n"
    wrong = built.edited("src/description.cpp", lambda text: text + overflow)
    with pytest.raises(AssertionError, match=rf"\(-({SIGILL:d}|{SIGTRAP:d}),"):
        verify(wrong, images_of(wrong.network, 1))


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
        if schedule is not None:  # tiles may become narrower, to be even; rows are those of a pair, below
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
