"""Weights of public releases go into the zoo's networks by their own names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from npas import zoo
from npas.errors import UnsupportedError
from npas.frontend.initialise import initialise
from npas.frontend.models import load_zoo
from npas.ops import BatchNorm
from npas.spec.schema import ZooModel
from npas.zoo.public_names import public_names

# Entries of torchvision's state dicts, the counters of batches among them.
ENTRIES = {"resnet18": 122, "resnet50": 320, "mobilenet_v2": 314, "efficientnet_b0": 360, "vgg16": 32}

KNOWN = {
    "resnet18": {
        "stem_conv1.weight": "conv1.weight",
        "stem_bn1.scale": "bn1.weight",
        "stage2_block1_shortcut.weight": "layer2.0.downsample.0.weight",
        "stage4_block2_bn2.var": "layer4.1.bn2.running_var",
        "classifier.bias": "fc.bias",
    },
    "vgg16": {"stage3_conv3.bias": "features.14.bias", "head_linear2.weight": "classifier.3.weight"},
    "mobilenet_v2": {
        "block1_conv1.weight": "features.1.conv.0.0.weight",
        "block1_conv2.weight": "features.1.conv.1.weight",
        "block1_bn2.mean": "features.1.conv.2.running_mean",
        "block2_conv2.weight": "features.2.conv.1.0.weight",
        "block17_conv3.weight": "features.17.conv.2.weight",
        "head_bn1.bias": "features.18.1.bias",
        "classifier.weight": "classifier.1.weight",
    },
    "mobilenet_v3_large": {
        "block1_conv1.weight": "features.1.block.0.0.weight",
        "block1_bn2.scale": "features.1.block.1.1.weight",
        "block4_se_squeeze.weight": "features.4.block.2.fc1.weight",
        "block4_conv3.weight": "features.4.block.3.0.weight",
        "head_conv1.weight": "features.16.0.weight",
        "head_linear1.bias": "classifier.0.bias",
    },
    "mobilenet_v3_small": {
        "block1_se_excite.bias": "features.1.block.1.fc2.bias",
        "block1_conv2.weight": "features.1.block.2.0.weight",
        "head_conv1.weight": "features.12.0.weight",
    },
    "efficientnet_b0": {
        "block1_conv1.weight": "features.1.0.block.0.0.weight",
        "block1_se_squeeze.weight": "features.1.0.block.1.fc1.weight",
        "block1_conv2.weight": "features.1.0.block.2.0.weight",
        "block3_conv3.weight": "features.2.1.block.3.0.weight",
        "block16_se_excite.bias": "features.7.0.block.2.fc2.bias",
        "head_conv1.weight": "features.8.0.weight",
    },
}


@pytest.mark.parametrize("name", KNOWN)
def test_names(name: zoo.NetworkName) -> None:
    graph = zoo.build(name)
    names = public_names(name, graph)
    assert names.keys() == graph.parameters.keys()
    assert len(set(names.values())) == len(names)
    assert {own: names[own] for own in KNOWN[name]} == KNOWN[name]
    norms = sum(isinstance(node.op, BatchNorm) for node in graph.nodes)
    assert len(names) + norms == ENTRIES.get(name, len(names) + norms)


def public_state(name: zoo.NetworkName) -> tuple[dict[str, np.ndarray], dict[str, torch.Tensor]]:
    """Weights by our names, and the same as a public release has them."""
    network = initialise(zoo.build(name, (3, 32, 32), 10, 0.25), np.random.default_rng(7))
    names = public_names(name, network.graph)
    state = {names[own]: torch.from_numpy(array) for own, array in network.weights.items()}
    norms = [key.removesuffix(".running_var") for key in state if key.endswith(".running_var")]
    counters = {f"{norm}.num_batches_tracked": torch.tensor(3) for norm in norms}
    return dict(network.weights), {f"module.{key}": value for key, value in {**state, **counters}.items()}


@pytest.mark.parametrize("name", KNOWN)
def test_a_public_checkpoint_loads(name: zoo.NetworkName, tmp_path: Path) -> None:
    weights, state = public_state(name)
    torch.save({"state_dict": state}, tmp_path / "public.pth")
    model = ZooModel(type="zoo", name=name, width=0.25, weights="public.pth")
    loaded = load_zoo(model, (3, 32, 32), 10, tmp_path)
    assert loaded.weights.keys() == weights.keys()
    for key, array in weights.items():
        np.testing.assert_array_equal(loaded.weights[key], array)


def test_what_does_not_fit_is_named_as_the_file_names_it(tmp_path: Path) -> None:
    _, state = public_state("resnet18")
    del state["module.layer1.0.conv1.weight"]
    state["module.fc.weight"] = state["module.fc.weight"][:5]
    state["module.aux.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "public.pth")
    model = ZooModel(type="zoo", name="resnet18", width=0.25, weights="public.pth")
    with pytest.raises(UnsupportedError) as caught:
        load_zoo(model, (3, 32, 32), 10, tmp_path)
    for complaint in ("missing layer1.0.conv1.weight", "unexpected 'aux.weight'", "fc.weight must have shape [10,"):
        assert complaint in str(caught.value)
