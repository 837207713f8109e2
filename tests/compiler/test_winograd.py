"""Winograd kernels against float64 and ONNX Runtime; their matrices against direct convolution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from programs import LOCAL_TARGETS, assert_parity, network_of, parity

from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.plan import WinogradLayer
from npas.compiler.schedules.records import WinogradSchedule
from npas.compiler.schedules.winograd import WinogradWork, tiles_of, winograd_schedule
from npas.errors import UnsupportedError
from npas.graph.builder import Builder
from npas.targets.isa import CPU_ISAS, ISAS

# Vectors, tiles in registers, tiles at a time, what threads share out.
SHAPES = [(2, 3, 7, "tiles"), (1, 4, 5, "filters"), (3, 2, 100, "filters")]


def schedule(m: int, vectors: int, pixels: int, at_a_time: int, split: str) -> WinogradSchedule:
    return WinogradSchedule.model_validate(
        {"tile": m, "vectors": vectors, "pixels": pixels, "tiles_at_a_time": at_a_time, "split": split}
    )


@pytest.mark.parametrize("isa", LOCAL_TARGETS)
def test_every_tile_on_odd_sizes(tmp_path: Path, isa: str) -> None:
    """Maps that no tile divides, asymmetric padding, filters that fill no vector, residuals, one to three threads."""
    builder = Builder("net")
    x = builder.input((16, 13, 17))
    schedules, outputs = {}, []
    for m in (2, 4, 6):
        for i, shape in enumerate(SHAPES):
            for pads in ((1, 1, 1, 1), (0, 0, 0, 0), (2, 0, 1, 2)):
                made = builder.conv(x, 24 if i % 2 else 21, 3, pads=pads, bias=True)
                schedules[made] = schedule(m, *shape)
                y = builder.act(made, "relu")
                if pads == (1, 1, 1, 1):
                    again = builder.conv(y, 16, 3)
                    schedules[again] = schedule(m, *shape)
                    y = builder.act(builder.add(again, x), "relu6")
                outputs.append(y)
    network = network_of(builder.graph(*outputs, builder.conv(x, 8, 1)))  # which is direct, and so exact on integers
    options = Options(schedules=schedules)
    plan = lower(network, isa=isa, threads=1, options=options).plan  # type: ignore[arg-type]
    assert sum(isinstance(layer, WinogradLayer) for layer in plan.layers) == len(schedules)
    for threads in (1, 3):
        assert_parity(parity(tmp_path, network, options, isa, threads))


@pytest.mark.parametrize("isa", LOCAL_TARGETS)
def test_kernels_and_strides(tmp_path: Path, isa: str) -> None:
    """Phases of two to five taps, some without the last one, of an image and of many channels, on odd maps."""
    builder = Builder("net")
    image = builder.input((3, 30, 43))
    many = builder.conv(image, 16, 1)  # direct, and so exact on integers
    schedules, outputs = {}, []
    for kernel, stride in ((2, 1), (3, 1), (4, 1), (5, 1), (3, 2), (4, 2), (5, 2), (7, 2), (6, 3), (9, 2), (10, 2)):
        for m in WinogradWork(1, 1, 1, 1, kernel, stride).tiles:
            for x in (image, many):
                top, left = (kernel - 1) // 2, kernel // 2
                made = builder.conv(x, 20, kernel, stride=stride, pads=(top, left, left, top), bias=True)
                schedules[made] = schedule(m, 2, 3, 7, "tiles" if m % 2 else "filters")
                outputs.append(builder.act(made, "relu"))
    network, options = network_of(builder.graph(*outputs)), Options(schedules=schedules)
    plan = lower(network, isa=isa, threads=1, options=options).plan  # type: ignore[arg-type]
    assert sum(isinstance(layer, WinogradLayer) for layer in plan.layers) == len(schedules) == 56
    assert_parity(parity(tmp_path, network, options, isa, threads=2))


def test_a_tile_of_another_kernel_is_refused() -> None:
    builder = Builder("net")
    made = builder.conv(builder.input((8, 9, 9)), 8, 3, stride=2)
    options = Options(schedules={made: schedule(4, 1, 2, 3, "tiles")})
    with pytest.raises(UnsupportedError, match="must be one that its kernel has, got 4"):
        lower(network_of(builder.graph(made)), isa="portable", threads=1, options=options)


def test_maps_smaller_than_a_tile(tmp_path: Path) -> None:
    builder = Builder("net")
    outputs, schedules = [], {}
    x = builder.input((9, 5, 4))
    for size in ((5, 4), (3, 2), (2, 2), (1, 2)):
        pooled = builder.max_pool(x, (6 - size[0], 5 - size[1]), 1)
        for m in (2, 4, 6):
            made = builder.conv(pooled, 10, 3)
            schedules[made] = schedule(m, 1, 2, 3, "tiles")
            outputs.append(made)
    outputs.append(builder.conv(x, 8, 1))
    assert_parity(parity(tmp_path, network_of(builder.graph(*outputs)), Options(schedules=schedules), threads=2))


def test_a_large_neighbour_does_not_leak_into_zeros(tmp_path: Path) -> None:
    """Where a tile reaches beyond the image it must take zeros, whatever lies there in memory."""
    builder = Builder("net")
    x = builder.input((8, 7, 7))
    loud = builder.conv(x, 8, 1, name="loud")
    quiet = builder.conv(builder.act(x, "relu6"), 8, 3, name="quiet")
    network = network_of(builder.graph(loud, quiet))
    weights = {n: w * np.float32(1e20 if n.startswith("loud") else 1) for n, w in network.weights.items()}
    options = Options(schedules={"quiet": schedule(6, 1, 2, 4, "tiles")})
    report = parity(tmp_path, network.with_weights(weights), options)
    assert next(layer for layer in report.layers if layer.name == "quiet").passed


@pytest.mark.parametrize("isa", CPU_ISAS)
@pytest.mark.parametrize("size", [(64, 56), (128, 28), (256, 14), (512, 7), (8, 9), (16, 3)])
@pytest.mark.parametrize("threads", [1, 2])
def test_default_schedules_fit_registers_and_work(isa, size, threads) -> None:
    channels, side = size
    work = WinogradWork(filters=channels, channels=channels, height=side, width=side)
    made = winograd_schedule(work, isa, threads)
    if channels >= 64 and side >= 14:
        assert made is not None
    if made is None:
        return
    held = made.vectors * made.pixels + min(made.vectors, made.pixels) + 1
    assert held <= ISAS[isa].registers
    assert 1 <= made.tiles_at_a_time <= tiles_of(work, made.tile)


@pytest.mark.parametrize(
    ("pays", "keywords"),
    [
        (True, {"kernel": 3}),
        (True, {"kernel": 5}),
        (True, {"kernel": 7, "stride": 2}),
        (False, {"kernel": 3, "stride": 2}),
        (False, {"kernel": 3, "dilation": 2}),
        (False, {"kernel": 3, "groups": 2}),
        (False, {"kernel": (3, 1)}),
        (False, {"kernel": 1}),
    ],
)
def test_only_dense_square_layers_and_only_where_it_pays(pays: bool, keywords: dict[str, Any]) -> None:
    builder = Builder("net")
    made = builder.conv(builder.input((64, 28, 28)), 64, **keywords)
    network = network_of(builder.graph(builder.conv(made, 64, 1)))
    for direct in (False, True):
        plan = lower(network, isa="avx2", threads=1, options=Options(direct=direct)).plan
        assert any(isinstance(layer, WinogradLayer) for layer in plan.layers) == (pays and not direct)
