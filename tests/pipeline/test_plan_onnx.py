"""``npas plan MODEL.onnx``: what a file holds, and what would keep it from being built, without a spec."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from npas import pipeline
from npas.frontend.initialise import initialise
from npas.frontend.onnx_out import to_onnx
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import Reduce, Reshape


def classifier() -> Graph:
    b = Builder("net")
    x = b.conv_bn_act(b.input((3, 12, 12)), 8, 3, activation="swish")
    return b.graph(b.linear(b.flatten(b.global_avg_pool(x)), 5))


def detector() -> Graph:
    b = Builder("net")
    x = b.conv(b.input((3, 12, 12)), 8, 3)
    return b.graph(b.node(Reshape(shape=(1, 144, 8)), x), b.node(Reduce(function="max", axes=(2, 3), keep=False), x))


def mixer() -> Graph:
    b = Builder("net")
    x = b.node(Reduce(function="mean", axes=(0,)), b.conv(b.input((3, 12, 12)), 8, 3))
    return b.graph(b.linear(b.flatten(b.global_avg_pool(x)), 5))


@pytest.mark.parametrize(
    ("graph", "obstacles"),
    [
        (classifier(), []),
        (detector(), ["must give one row of scores [1, classes], got [[1, 144, 8], [1, 8]]"]),
        (mixer(), ["node reduce1: mixes the images of a batch"]),
    ],
    ids=["classifier", "detector", "mixer"],
)
def test_a_plan_says_what_is_in_a_file(graph: Graph, obstacles: list[str], tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(to_onnx(initialise(graph, np.random.default_rng(0))).SerializeToString())
    found = pipeline.plan(path)
    assert len(found["obstacles"]) == len(obstacles)
    assert all(got.startswith(wanted) for got, wanted in zip(found["obstacles"], obstacles, strict=True))
    assert found["macs"] == graph.total_macs
    assert found["operators"]["conv2d"] == 1
    assert found["sites"][0]["site"] == "conv1"
    assert found["dense_latency_ms"] > 0
