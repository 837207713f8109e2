"""The zoo's networks against their papers' figures, and their small-image variants."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import torch
from published import PUBLISHED, trainable
from torch.nn.functional import pad

from npas import zoo
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder
from npas.graph.graph import NAME
from npas.ops import Conv2d, Linear
from npas.spec.schema import Activation, ZooModel
from npas.training.module import GraphModule
from npas.zoo.amoebanet_a_mobile import DESIGN
from npas.zoo.cells import cell_network, path_reduction, same_pads
from npas.zoo.width import scaled

CELLS = ("amoebanet_a_mobile", "nasnet_a_mobile")


@pytest.mark.parametrize(("name", "macs", "parameters"), [(name, *figures) for name, figures in PUBLISHED.items()])
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
    """But for the squeezed channels of EfficientNet and MnasNet, a quarter of a block's input, and for cells:

    44 and 50 filters at full width, as in the papers, are no multiples of 8 either.
    """
    full, half = zoo.build(name), zoo.build(name, width=0.5)
    assert half.total_macs < 0.4 * full.total_macs
    layers = {node.name: node.op.filters for node in half.nodes if isinstance(node.op, Conv2d | Linear)}
    if name in ("efficientnet_b0", "mnasnet_a1"):
        layers = {n: filters for n, filters in layers.items() if not n.endswith("_se_squeeze")}
    if name in CELLS:
        layers = {n: filters for n, filters in layers.items() if n.startswith(("stem_conv", "classifier"))}
    assert all(filters % 8 == 0 for filters in layers.values())


@pytest.mark.parametrize(
    ("name", "inner", "gate", "squeezed"),
    [
        ("mnasnet_a1", "relu", "sigmoid", [6, 10, 10, 20, 28, 28, 40, 40]),
        ("mobilenet_v3_small", "relu", "hard_sigmoid", [8, 24, 64, 64, 32, 40, 72, 144, 144]),
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


@pytest.mark.parametrize(
    ("name", "relu", "blocks"),
    [("mobilenet_v3_large", 6, 15), ("mobilenet_v3_small", 3, 11)],
)
def test_mobilenet_v3_has_relu_before_hard_swish(name: zoo.NetworkName, relu: int, blocks: int) -> None:
    """Tables 1 and 2: the first blocks have ReLU, the stem and the rest hard-swish."""
    kinds = {n.name.split("_")[0]: n.op.type for n in zoo.build(name).nodes if "act" in n.name}
    expected = {f"block{i}": "relu" if i <= relu else "hard_swish" for i in range(1, blocks + 1)}
    assert kinds == expected | {"stem": "hard_swish", "head": "hard_swish"}


def test_resnet50_has_the_stride_in_the_3x3() -> None:
    convs = [n.op for n in zoo.build("resnet50").nodes if isinstance(n.op, Conv2d) and not n.name.endswith("shortcut")]
    assert [op.kernel for op in convs if op.stride != (1, 1)] == [(7, 7), (3, 3), (3, 3), (3, 3)]


@pytest.mark.parametrize(("name", "channels"), [("amoebanet_a_mobile", 4 * 200), ("nasnet_a_mobile", 1056)])
def test_cells_double_their_filters_in_each_of_three_stacks(name: zoo.NetworkName, channels: int) -> None:
    shapes = zoo.build(name).shapes
    cells = [shapes[f"cell{i}_concat"] for i in range(1, 13)]
    assert cells == [(1, channels // part, size, size) for part, size in ((4, 28), (2, 14), (1, 7)) for _ in range(4)]


def test_amoebanet_has_the_size_of_the_papers_large_one_at_its_filters() -> None:
    """Table 2 of the paper: N=6, F=190 at 331x331 pixels has 86.7M parameters and 23.1G multiply-adds."""
    large = cell_network(replace(DESIGN, repeats=6, filters=190), (3, 331, 331), 1000, 1.0, None)
    assert trainable(large) == pytest.approx(86.7e6, rel=1e-3)
    assert large.total_macs == pytest.approx(23.1e9, rel=2e-3)


def test_values_are_activated_once() -> None:
    graph = zoo.build("nasnet_a_mobile", (3, 32, 32), 10)
    activated = [node.inputs for node in graph.nodes if node.op.type == "relu"]
    assert len(set(activated)) == len(activated)


def test_no_value_is_left_unread() -> None:
    for name in CELLS:
        graph = zoo.build(name, (3, 32, 32), 10)
        assert [n for n, readers in graph.consumers.items() if not readers] == list(graph.outputs)


@pytest.mark.parametrize("size", [(1, 1), (4, 6), (5, 4), (7, 7)])
def test_path_reduction_joins_the_even_and_the_odd_pixels(size: tuple[int, int]) -> None:
    """Of an odd size, the last of the odd pixels is a zero."""
    b = Builder("reduction")
    network = initialise(b.graph(path_reduction(b, b.input((1, *size)), 2)), np.random.default_rng(0))
    ones = {name: np.ones_like(w) for name, w in network.weights.items() if name.startswith("conv")}
    image = torch.arange(1.0, size[0] * size[1] + 1).reshape(1, 1, *size)
    reduced = GraphModule(network.with_weights({**network.weights, **ones})).eval()(image)
    odd = pad(image, (0, 1, 0, 1))[:, :, 1::2, 1::2]
    assert torch.allclose(reduced, torch.cat((image[:, :, ::2, ::2], odd), dim=1), rtol=1e-3)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads"),
    [
        (111, 3, 2, (1, 1)),
        (56, 3, 2, (0, 1)),
        (56, 5, 2, (1, 2)),
        (56, 7, 2, (2, 3)),
        (56, 5, 1, (2, 2)),
        (1, 7, 2, (3, 3)),
    ],
)
def test_same_pads_as_tensorflow_has_it(size: int, kernel: int, stride: int, pads: tuple[int, int]) -> None:
    near, far = pads
    assert same_pads((1, 1, size, size), (kernel, kernel), (stride, stride)) == (near, near, far, far)


def test_vgg_has_biases_and_no_batch_norm() -> None:
    graph = zoo.build("vgg16")
    assert all(node.op.bias for node in graph.nodes if isinstance(node.op, Conv2d | Linear))
    assert not [node.name for node in graph.nodes if node.op.type == "batch_norm"]


def test_same_call_gives_the_same_graph() -> None:
    assert zoo.build("mobilenet_v2", width=0.75) == zoo.build("mobilenet_v2", width=0.75)


@pytest.mark.parametrize(("channels", "width", "expected"), [(32, 1.0, 32), (24, 0.5, 16), (32, 0.1, 8), (16, 0.7, 16)])
def test_rounding_to_eights(channels: int, width: float, expected: int) -> None:
    assert scaled(channels, width) == expected
