"""Networks written in the DSL. ``NETWORKS`` is the registry: a new network is its file and its line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from npas.graph.graph import Graph
from npas.spec.schema import Activation
from npas.zoo.amoebanet_a_mobile import amoebanet_a_mobile
from npas.zoo.efficientnet_b0 import efficientnet_b0
from npas.zoo.mnasnet_a1 import mnasnet_a1
from npas.zoo.mobilenet_v1 import mobilenet_v1
from npas.zoo.mobilenet_v2 import mobilenet_v2
from npas.zoo.mobilenet_v3 import mobilenet_v3_large, mobilenet_v3_small
from npas.zoo.nasnet_a_mobile import nasnet_a_mobile
from npas.zoo.proxyless_mobile import proxyless_mobile
from npas.zoo.resnet18 import resnet18
from npas.zoo.resnet50 import resnet50
from npas.zoo.vgg16 import vgg16

Builds = Callable[[tuple[int, int, int], int, float, Activation | None], Graph]
NetworkName = Literal[
    "amoebanet_a_mobile",
    "efficientnet_b0",
    "mnasnet_a1",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "nasnet_a_mobile",
    "proxyless_mobile",
    "resnet18",
    "resnet50",
    "vgg16",
]

NETWORKS: dict[NetworkName, Builds] = {
    "amoebanet_a_mobile": amoebanet_a_mobile,
    "efficientnet_b0": efficientnet_b0,
    "mnasnet_a1": mnasnet_a1,
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": mobilenet_v2,
    "mobilenet_v3_large": mobilenet_v3_large,
    "mobilenet_v3_small": mobilenet_v3_small,
    "nasnet_a_mobile": nasnet_a_mobile,
    "proxyless_mobile": proxyless_mobile,
    "resnet18": resnet18,
    "resnet50": resnet50,
    "vgg16": vgg16,
}


def build(
    name: NetworkName,
    shape: tuple[int, int, int] = (3, 224, 224),
    classes: int = 1000,
    width: float = 1.0,
    activation: Activation | None = None,
) -> Graph:
    """The named network for images of ``shape`` (C, H, W).

    ``width`` multiplies every layer's channels; ``activation`` replaces the network's own where given.
    """
    return NETWORKS[name](shape, classes, width, activation)
