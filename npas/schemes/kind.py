"""What a layer is, as far as the schemes care."""

from __future__ import annotations

from typing import Literal

from npas.graph.graph import Graph, Node
from npas.ops import Conv2d, Linear

LayerKind = Literal["conv3x3", "conv1x1", "conv", "depthwise", "depthwise_other", "fc"]
"""``conv`` is a dense convolution of any other kernel; ``depthwise`` is 3x3, ``depthwise_other`` is not."""


def kind_of(node: Node, graph: Graph) -> LayerKind | None:
    """None for layers without prunable weights, grouped convolutions that are not depthwise among them:
    blocks of filters would straddle their groups."""
    op = node.op
    if isinstance(op, Linear):
        return "fc"
    if not isinstance(op, Conv2d):
        return None
    channels = graph.input_shapes(node)[0][1]
    if op.is_depthwise(channels):
        return "depthwise" if op.kernel == (3, 3) else "depthwise_other"
    if op.groups != 1:
        return None
    dense: dict[tuple[int, int], LayerKind] = {(3, 3): "conv3x3", (1, 1): "conv1x1"}
    return dense.get(op.kernel, "conv")
