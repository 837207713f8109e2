"""What papers say of the zoo's networks at 224x224 with 1000 classes; shared with ``benchmarks/networks.py``."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from npas import zoo
from npas.graph.graph import Graph

PUBLISHED: Mapping[zoo.NetworkName, tuple[float, float]] = {
    # The papers print two digits of the parameters of MnasNet (3.9M), NASNet (5.3M) and AmoebaNet (5.1M) each.
    "amoebanet_a_mobile": (555e6, 5.1e6),
    "efficientnet_b0": (385.8e6, 5.29e6),
    "mnasnet_a1": (312e6, 3.9e6),
    # The paper: 569M and 4.2M; Keras' count of the trainable parameters has a digit more.
    "mobilenet_v1": (569e6, 4.23e6),
    "mobilenet_v2": (300.8e6, 3.50e6),
    "mobilenet_v3_large": (216.6e6, 5.48e6),
    # The paper: 56M and 2.5M; torchvision's count of the same layers has a digit more.
    "mobilenet_v3_small": (56.5e6, 2.54e6),
    "nasnet_a_mobile": (564e6, 5.3e6),
    # The paper measures latency. 320M as the authors' later papers give it; the parameters of the released weights.
    "proxyless_mobile": (320e6, 4.08e6),
    "resnet18": (1.814e9, 11.69e6),
    "resnet50": (4.09e9, 25.56e6),
    "vgg16": (15.47e9, 138.36e6),
}
"""Multiply-accumulates and parameters."""


def trainable(graph: Graph) -> int:
    """Parameters as papers count them: without batch-norm's running statistics."""
    return sum(prod(s) for name, s in graph.parameters.items() if not name.endswith((".mean", ".var")))
