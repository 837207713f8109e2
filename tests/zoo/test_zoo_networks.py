"""The zoo's networks against their papers' figures, and their small-image variants."""

from __future__ import annotations

from math import prod
from typing import get_args

import pytest

from npas import zoo
from npas.graph.graph import NAME, Graph
from npas.ops import Conv2d, Linear
from npas.spec.schema import Activation, ZooModel
from npas.zoo.width import scaled


def trainable(graph: Graph) -> int:
    """Parameters as papers count them: without batch-norm's running statistics."""
    return sum(prod(s) for name, s in graph.parameters.items() if not name.endswith((".mean", ".var")))


@pytest.mark.parametrize(
    ("name", "macs", "parameters"),
    [("resnet18", 1.814e9, 11.69e6), ("mobilenet_v2", 300.8e6, 3.50e6)],
)
def test_published_figures(name: zoo.NetworkName, macs: float, parameters: float) -> None:
    graph = zoo.build(name)
    assert graph.total_macs == pytest.approx(macs, rel=0.01)
    assert trainable(graph) == pytest.approx(parameters, rel=0.01)


def test_every_name_of_the_spec_can_be_built() -> None:
    annotation = ZooModel.model_fields["name"].annotation
    assert set(get_args(annotation)) == set(zoo.NETWORKS) == set(get_args(zoo.NetworkName))


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (3, 33, 47), (3, 64, 64)])
def test_shapes_fit_at_any_size(name: zoo.NetworkName, shape: tuple[int, int, int]) -> None:
    graph = zoo.build(name, shape, classes=7, width=0.25)
    assert graph.shapes[graph.outputs[0]] == (1, 7)
    assert all(NAME.match(node.name) for node in graph.nodes)
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
def test_small_images_keep_a_plane_for_the_last_stage(name: zoo.NetworkName) -> None:
    graph = zoo.build(name, (3, 32, 32), classes=10)
    convs = [node for node in graph.nodes if isinstance(node.op, Conv2d)]
    assert graph.shapes[convs[0].name][2:] == (32, 32)
    assert graph.shapes[convs[-1].name][2:] == (4, 4)


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
def test_large_images_end_at_seven_by_seven(name: zoo.NetworkName) -> None:
    graph = zoo.build(name, (3, 224, 224))
    assert graph.shapes[graph.node("head_pool").inputs[0]][2:] == (7, 7)


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
@pytest.mark.parametrize("activation", get_args(Activation))
def test_activation_replaces_all_of_the_networks_own(name: zoo.NetworkName, activation: Activation) -> None:
    graph = zoo.build(name, (3, 32, 32), 10, 0.5, activation)
    kinds = {node.op.type for node in graph.nodes if "act" in node.name}
    assert kinds == {{"relu": "relu", "relu6": "clip", "swish": "silu", "hard_swish": "hard_swish"}[activation]}


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
def test_width_scales_layers_in_eights(name: zoo.NetworkName) -> None:
    full, half = zoo.build(name), zoo.build(name, width=0.5)
    assert half.total_macs < 0.4 * full.total_macs
    assert all(node.op.filters % 8 == 0 for node in half.nodes if isinstance(node.op, Conv2d | Linear))


def test_same_call_gives_the_same_graph() -> None:
    assert zoo.build("mobilenet_v2", width=0.75) == zoo.build("mobilenet_v2", width=0.75)


@pytest.mark.parametrize(("channels", "width", "expected"), [(32, 1.0, 32), (24, 0.5, 16), (32, 0.1, 8), (16, 0.7, 16)])
def test_rounding_to_eights(channels: int, width: float, expected: int) -> None:
    assert scaled(channels, width) == expected
