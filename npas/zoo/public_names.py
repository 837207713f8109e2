"""What public releases call the weights of the zoo's networks: torchvision's names, for the networks that it has.

A node's name becomes a module's; ``weight`` and ``bias`` are called so there too, a batch-norm's scale is its weight.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from npas.graph.graph import Graph
from npas.ops import BatchNorm
from npas.zoo.efficientnet_b0 import TABLE as EFFICIENTNET_B0

BATCH_NORM = {"scale": "weight", "bias": "bias", "mean": "running_mean", "var": "running_var"}
COUNTER = ".num_batches_tracked"
"""Of a batch-norm: nothing that a network computes with."""
WRAPPER = "module."
"""What torch's parallel wrappers put before every name."""

VGG16_FEATURES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)

Names = Callable[[Graph], Mapping[str, str]]
"""Of each node with weights, the module's name."""


def public_names(network: str, graph: Graph) -> dict[str, str]:
    """Our name of each weight -> the public one; empty for a network that has none."""
    names = _NETWORKS.get(network)
    if names is None:
        return {}
    modules, found = names(graph), dict[str, str]()
    for weight in graph.parameters:
        node, role = weight.rsplit(".", 1)
        public = BATCH_NORM[role] if isinstance(graph.node(node).op, BatchNorm) else role
        found[weight] = f"{modules[node]}.{public}"
    return found


def unwrapped(name: str) -> str:
    """A name without what parallel training put before it."""
    return name.removeprefix(WRAPPER)


def _weighted(graph: Graph) -> list[str]:
    """Nodes with weights, in order."""
    return list(dict.fromkeys(weight.rsplit(".", 1)[0] for weight in graph.parameters))


def _resnet(graph: Graph) -> dict[str, str]:
    found = {"stem_conv1": "conv1", "stem_bn1": "bn1", "classifier": "fc"}
    for node in _weighted(graph):
        place = re.fullmatch(r"stage(\d)_block(\d+)_(\w+)", node)
        if place is not None:
            stage, block, part = place.groups()
            part = {"shortcut": "downsample.0", "shortcut_bn": "downsample.1"}.get(part, part)
            found[node] = f"layer{stage}.{int(block) - 1}.{part}"
    return found


def _vgg16(graph: Graph) -> dict[str, str]:
    *convs, first, second, last = _weighted(graph)
    places = zip(convs, VGG16_FEATURES, strict=True)
    head = {first: "classifier.0", second: "classifier.3", last: "classifier.6"}
    return {node: f"features.{place}" for node, place in places} | head


def _mobilenet_v2(graph: Graph) -> dict[str, str]:
    """In a block all layers but the projection are a convolution and its batch-norm together."""
    found = {"stem_conv1": "features.0.0", "stem_bn1": "features.0.1", "classifier": "classifier.1"}
    blocks = _blocks(graph)
    for block, parts in blocks.items():
        last = max(int(part[-1]) for part in parts)
        for part in parts:
            kind, number = part[:-1], int(part[-1])
            place = f"{number - 1}.{int(kind == 'bn')}" if number < last else str(number - 1 + (kind == "bn"))
            found[f"block{block}_{part}"] = f"features.{block}.conv.{place}"
    end = len(blocks) + 1
    return found | {"head_conv1": f"features.{end}.0", "head_bn1": f"features.{end}.1"}


def _mobilenet_v3(graph: Graph) -> dict[str, str]:
    found = {"stem_conv1": "features.0.0", "stem_bn1": "features.0.1"}
    blocks = _blocks(graph)
    for block, parts in blocks.items():
        found |= {f"block{block}_{part}": f"features.{block}.{place}" for part, place in _in_block(parts).items()}
    end = len(blocks) + 1
    found |= {"head_conv1": f"features.{end}.0", "head_bn1": f"features.{end}.1"}
    return found | {"head_linear1": "classifier.0", "classifier": "classifier.3"}


def _efficientnet_b0(graph: Graph) -> dict[str, str]:
    found = {"stem_conv1": "features.0.0", "stem_bn1": "features.0.1", "classifier": "classifier.1"}
    repeats = [row[3] for row in EFFICIENTNET_B0]
    places = [(stage, i) for stage, count in enumerate(repeats, start=1) for i in range(count)]
    for (block, parts), (stage, i) in zip(_blocks(graph).items(), places, strict=True):
        found |= {f"block{block}_{part}": f"features.{stage}.{i}.{place}" for part, place in _in_block(parts).items()}
    end = len(repeats) + 1
    return found | {"head_conv1": f"features.{end}.0", "head_bn1": f"features.{end}.1"}


def _blocks(graph: Graph) -> dict[int, list[str]]:
    """The parts with weights of each block."""
    found: dict[int, list[str]] = {}
    for node in _weighted(graph):
        place = re.fullmatch(r"block(\d+)_(\w+)", node)
        if place is not None:
            found.setdefault(int(place[1]), []).append(place[2])
    return found


def _in_block(parts: list[str]) -> dict[str, str]:
    """Convolutions with their batch-norms, and squeeze-excite before the last of them, one after the other."""
    squeezes = any(part.startswith("se_") for part in parts)
    last = max(int(part[-1]) for part in parts if part.startswith("conv"))
    found = {}
    for part in parts:
        if part.startswith("se_"):
            found[part] = f"block.{last - 1}.{'fc1' if part == 'se_squeeze' else 'fc2'}"
        else:
            number = int(part[-1])
            place = number - 1 if number < last or not squeezes else number
            found[part] = f"block.{place}.{int(part.startswith('bn'))}"
    return found


_NETWORKS: Mapping[str, Names] = {
    "efficientnet_b0": _efficientnet_b0,
    "mobilenet_v2": _mobilenet_v2,
    "mobilenet_v3_large": _mobilenet_v3,
    "mobilenet_v3_small": _mobilenet_v3,
    "resnet18": _resnet,
    "resnet50": _resnet,
    "vgg16": _vgg16,
}
