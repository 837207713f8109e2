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
    [
        ("resnet18", 1.814e9, 11.69e6),
        ("resnet50", 4.09e9, 25.56e6),
        ("vgg16", 15.47e9, 138.36e6),
        ("mobilenet_v2", 300.8e6, 3.50e6),
        ("mobilenet_v3_large", 216.6e6, 5.48e6),
        ("efficientnet_b0", 385.8e6, 5.29e6),
    ],
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
    """What the head reads: VGG flattens the plane itself, the others average it."""
    graph = zoo.build(name, (3, 224, 224))
    first = graph.node("head_flatten" if name == "vgg16" else "head_pool")
    assert graph.shapes[first.inputs[0]][2:] == (7, 7)


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
@pytest.mark.parametrize("activation", get_args(Activation))
def test_activation_replaces_all_of_the_networks_own(name: zoo.NetworkName, activation: Activation) -> None:
    graph = zoo.build(name, (3, 32, 32), 10, 0.5, activation)
    kinds = {node.op.type for node in graph.nodes if "act" in node.name}
    assert kinds == {{"relu": "relu", "relu6": "clip", "swish": "silu", "hard_swish": "hard_swish"}[activation]}


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
def test_width_scales_layers_in_eights(name: zoo.NetworkName) -> None:
    """But for EfficientNet's squeezed channels, a quarter of a block's input."""
    full, half = zoo.build(name), zoo.build(name, width=0.5)
    assert half.total_macs < 0.4 * full.total_macs
    layers = {node.name: node.op.filters for node in half.nodes if isinstance(node.op, Conv2d | Linear)}
    eights = {n for n in layers if name != "efficientnet_b0" or not n.endswith("_se_squeeze")}
    assert all(layers[n] % 8 == 0 for n in eights)


@pytest.mark.parametrize(
    ("name", "inner", "gate", "squeezed"),
    [
        ("mobilenet_v3_large", "relu", "hard_sigmoid", [24, 32, 32, 120, 168, 168, 240, 240]),
        ("efficientnet_b0", "silu", "sigmoid", [8, 4, 6, 6, 10, 10, 20, 20, 20, 28, 28, 28, 48, 48, 48, 48]),
    ],
)
def test_squeeze_excite_keeps_its_own_activations(
    name: zoo.NetworkName, inner: str, gate: str, squeezed: list[int]
) -> None:
    graph = zoo.build(name, activation="relu6")
    ops = {suffix: [n.op for n in graph.nodes if n.name.endswith(f"_se_{suffix}")] for suffix in ("inner", "gate")}
    assert [op.type for op in ops["inner"]] == [inner] * len(squeezed)
    assert [op.type for op in ops["gate"]] == [gate] * len(squeezed)
    convs = [n.op for n in graph.nodes if n.name.endswith("_se_squeeze")]
    assert [op.filters for op in convs if isinstance(op, Conv2d)] == squeezed


def test_mobilenet_v3_has_relu_before_hard_swish() -> None:
    """Table 1: blocks 1 to 6 have ReLU, the stem and the rest hard-swish."""
    graph = zoo.build("mobilenet_v3_large")
    kinds = {n.name.split("_")[0]: n.op.type for n in graph.nodes if "act" in n.name}
    relu = dict.fromkeys((f"block{i}" for i in range(1, 7)), "relu")
    assert kinds == dict.fromkeys(["stem", *(f"block{i}" for i in range(7, 16)), "head"], "hard_swish") | relu


def test_resnet50_has_the_stride_in_the_3x3() -> None:
    convs = [n.op for n in zoo.build("resnet50").nodes if isinstance(n.op, Conv2d) and not n.name.endswith("shortcut")]
    assert [op.kernel for op in convs if op.stride != (1, 1)] == [(7, 7), (3, 3), (3, 3), (3, 3)]


def test_vgg_has_biases_and_no_batch_norm() -> None:
    graph = zoo.build("vgg16")
    assert all(node.op.bias for node in graph.nodes if isinstance(node.op, Conv2d | Linear))
    assert not [node.name for node in graph.nodes if node.op.type == "batch_norm"]


def test_same_call_gives_the_same_graph() -> None:
    assert zoo.build("mobilenet_v2", width=0.75) == zoo.build("mobilenet_v2", width=0.75)


@pytest.mark.parametrize(("channels", "width", "expected"), [(32, 1.0, 32), (24, 0.5, 16), (32, 0.1, 8), (16, 0.7, 16)])
def test_rounding_to_eights(channels: int, width: float, expected: int) -> None:
    assert scaled(channels, width) == expected
