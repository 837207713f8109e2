"""The comparison itself: bugs planted in a generated tree or a weights file are found and the layer is named."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from programs import generated, images_of, network_of, rehashed, subject_of

from npas.compiler.indexed import Options
from npas.compiler.plan import ConvLayer, WeightsLayer
from npas.compiler.schedules.records import PackedSchedule, Schedule
from npas.errors import NpasError
from npas.graph.builder import Builder
from npas.graph.graph import Network
from npas.search.candidate import Pruning
from npas.stages.runtime import Runtime
from npas.verify import ParityReport, verify


def network() -> Network:
    builder = Builder("net")
    x = builder.input((3, 8, 7))
    x = builder.act(builder.conv(x, 8, 3, bias=True, name="first"), "relu")
    y = builder.conv(x, 8, 3, bias=True, name="second")
    x = builder.act(builder.add(y, x), "relu")
    x = builder.act(builder.conv(x, 12, 3, stride=2, name="third"), "hard_swish")
    x = builder.conv(x, 12, 3, bias=True, groups=12, name="depthwise")
    x = builder.conv(x, 10, 3, stride=(1, 2), name="fourth")
    x = builder.max_pool(x, 2, 2, name="pool")
    return network_of(builder.graph(builder.linear(builder.flatten(x), 6, name="head")), seed=4)


OPTIONS = Options(
    prunings={
        "second": Pruning("unstructured", 3.0),
        "third": Pruning("block_punched", 2.0),
        "fourth": Pruning("unstructured", 2.0),
    },
    # Kernels that would not be taken here by themselves.
    schedules={
        "first": Schedule(rows=4, vectors=2, channel_block=3),
        "second": PackedSchedule(lines=4, channel_block=4),
        "fourth": Schedule(rows=1, vectors=2, channel_block=12),
    },
)


@pytest.fixture
def made(tmp_path: Path) -> Runtime:
    return generated(tmp_path, network(), OPTIONS)


def report(folder: Path, made: Runtime) -> ParityReport:
    return verify(subject_of(folder, made), images_of(made.network, 2))


def edit(folder: Path, path: str, change: Callable[[str], str]) -> None:
    file = folder / "runtime" / path
    before = file.read_text()
    after = change(before)
    assert after != before, f"the bug was not planted in {path}"
    file.write_text(after)


def edit_floats(folder: Path, section: int, change: Callable[[np.ndarray], None]) -> None:
    """Changes one section of floats in the weights file, whose hash stays right."""
    path = folder / "runtime" / "weights.bin"
    data = bytearray(path.read_bytes())
    kind, _, count, offset = struct.unpack_from("<IIQQ", data, 32 + 24 * section)
    assert kind == 0
    values = np.frombuffer(data, "<f4", count, offset).copy()
    change(values)
    data[offset : offset + 4 * count] = values.tobytes()
    path.write_bytes(rehashed(bytes(data)))


def layer(made: Runtime, node: str) -> WeightsLayer:
    """The plan's layer with weights whose first node this is."""
    return next(x for x in made.lowered.plan.weights_layers if x.nodes[0] == node)


def offsets(x: WeightsLayer) -> list[int]:
    return list(x.indexed.tap_offsets) if isinstance(x, ConvLayer) else []


def failed(found: ParityReport) -> list[str]:
    return [check.name for check in found.layers if not check.passed]


def test_an_honest_program_passes(tmp_path, made):
    found = report(tmp_path, made)
    assert found.passed
    assert found.first_difference is None
    assert failed(found) == []
    assert [check.exact for check in found.layers] == [True, True, None, True, True, True, True]


def test_every_kind_of_kernel_is_there(made):
    """Or the bugs below would be planted in fewer places than it seems."""
    kinds = {x.nodes[0]: x.stored.schedule.kind for x in made.lowered.plan.weights_layers}
    others = {"second": "packed", "third": "lanes", "depthwise": "depthwise"}
    assert kinds == dict.fromkeys(["first", "fourth", "head"], "pixels") | others


@pytest.mark.parametrize("node", ["third", "fourth"])
def test_a_shifted_tap(tmp_path, made, node):
    """Layers with the same taps share the list of them."""
    taps = offsets(layer(made, node))
    alike = [x.nodes[-1] for x in made.lowered.plan.weights_layers if offsets(x) == taps]
    right, wrong = (", ".join(map(str, [*taps[:2], taps[2] + shift, *taps[3:]])) for shift in (0, 1))
    edit(tmp_path, "src/description.cpp", lambda t: t.replace(f"{{{right}}}", f"{{{wrong}}}"))
    found = report(tmp_path, made)
    assert not found.passed
    assert failed(found) == alike
    assert found.first_difference == alike[0]


def test_a_wrong_pad_of_a_strided_layer(tmp_path, made):
    number, split = next((i, x) for i, x in enumerate(made.lowered.plan.layers) if x.kind == "split")
    whole = f"{{kPhases, {len(split.phases)}, 1, 2, 1, 1}}"
    edit(tmp_path, f"src/layer_{number:03d}.cpp", lambda t: t.replace(whole, whole.replace("1, 1}", "1, 0}")))
    found = report(tmp_path, made)
    assert not found.passed
    assert failed(found) == ["fourth"]


@pytest.mark.parametrize(("top", "left", "height"), [(0, 1, 0), (1, 0, 0), (1, 1, -1)])
def test_a_wrong_pad_or_height_of_a_depthwise_layer(tmp_path, made, top, left, height):
    stored = layer(made, "depthwise").stored
    fields = f"{{{stored.first_section}, 12, 9, {stored.lanes}, "
    right, wrong = f"1, 1, {stored.height}}}", f"{top}, {left}, {stored.height + height}}}"
    edit(tmp_path, "src/description.cpp", lambda t: t.replace(fields + right, fields + wrong))
    assert failed(report(tmp_path, made)) == ["depthwise"]


@pytest.mark.parametrize("node", ["second", "third", "depthwise"])
def test_a_dropped_weight(tmp_path, made, node):
    conv = layer(made, node)

    def drop(values: np.ndarray) -> None:
        values[np.argmax(np.abs(values))] = 0

    edit_floats(tmp_path, conv.stored.first_section, drop)
    found = report(tmp_path, made)
    assert not found.passed
    assert failed(found) == [conv.nodes[-1]]


def test_a_dropped_bias(tmp_path, made):
    for node in ("depthwise", "first"):
        edit_floats(tmp_path, layer(made, node).stored.first_section + 1, lambda values: values.fill(0))
        assert report(tmp_path, made).first_difference == layer(made, node).nodes[-1]


def test_nan_in_the_weights(tmp_path, made):
    head = layer(made, "head")

    def poison(values: np.ndarray) -> None:
        values[0] = np.nan

    edit_floats(tmp_path, head.stored.first_section, poison)
    found = report(tmp_path, made)
    assert not found.passed
    assert failed(found) == ["head"]
    assert found.relative_l2 == float("inf")


@pytest.mark.parametrize("node", ["first", "third"])
def test_a_swapped_epilogue(tmp_path, made, node):
    conv = layer(made, node)
    right, wrong = {"first": ("relu", "hard_swish"), "third": ("hard_swish", "relu")}[node]
    edit(tmp_path, f"kernels/{conv.kernel}.cpp", lambda t: t.replace(f"x = {right}(x);", f"x = {wrong}(x);"))
    found = report(tmp_path, made)
    assert not found.passed
    assert found.first_difference == conv.nodes[-1]


def test_epilogue_before_the_residual(tmp_path, made):
    """The order matters: relu(x) + residual is another network."""
    conv = layer(made, "second")
    right, wrong = "x = x + residual;\n    x = relu(x);", "x = relu(x);\n    x = x + residual;"
    edit(tmp_path, f"kernels/{conv.kernel}.cpp", lambda t: t.replace(right, wrong))
    assert failed(report(tmp_path, made)) == [conv.nodes[-1]]


def test_margins_that_are_not_cleared(tmp_path, made):
    """The layer's own pixels are right; whoever reads over the edge sees what lies there."""
    conv = layer(made, "first")
    edit(
        tmp_path,
        f"kernels/{conv.kernel}.cpp",
        lambda t: re.sub(r"= keep\((epilogue\(.+\)), load\([^)]*\)\);", r"= \1;", t),
    )
    found = report(tmp_path, made)
    assert not found.passed
    assert found.first_difference is not None


def test_a_pool_that_looks_elsewhere(tmp_path, made):
    number = next(i for i, x in enumerate(made.lowered.plan.layers) if x.kind == "pool")
    edit(
        tmp_path,
        f"src/layer_{number:03d}.cpp",
        lambda t: t.replace("{2, 2, 2, 2, 0, 0, 1, 1, 4}", "{2, 2, 1, 2, 0, 0, 1, 1, 4}"),
    )
    assert failed(report(tmp_path, made)) == ["pool"]


def test_a_program_that_refuses_its_weights(tmp_path, made):
    path = tmp_path / "runtime" / "weights.bin"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(NpasError, match="hash differs"):
        report(tmp_path, made)
