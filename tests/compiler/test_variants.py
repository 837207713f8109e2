"""Every kernel variant on odd sizes, under AddressSanitizer and UndefinedBehaviorSanitizer.

A program holds all cases of an instruction set; each of its layers is held against float64 and exact integers, as
``npas verify`` does. All values lie in one arena: a kernel that goes wrong inside it is found by the comparison, one
that leaves it, the weights or the lists by the sanitizers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from signal import SIGILL, SIGTRAP
from typing import Any

import numpy as np
import pytest
from programs import NAME, UNOPTIMISED, assert_parity, compiled_as, device, images_of, rehashed, require_device
from sanitized import WatchedDevice, compile_watched, sanitizing_compiler
from variant_schedules import TEMPLATES, THREADS, cases_of, lowered_for, variants

from npas.compiler.emit import emit
from npas.compiler.lower import lower
from npas.compiler.schedules.space import PLACEMENTS
from npas.compiler.views_layers import weighted
from npas.stages import finish
from npas.targets.compilers import Compiler
from npas.targets.isa import CPU_ISAS, ISAS, IsaName
from npas.targets.toolchain import compile_program
from npas.targets.tree_writer import write_tree
from npas.verify import ParityReport, verify
from npas.verify.parity import Subject

LANE_TEMPLATES = {"conv_lanes", "conv_items"}
"""Of which a program has one: as its work items are."""


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
