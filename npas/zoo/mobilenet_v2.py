"""MobileNet-V2: Sandler et al., "Inverted Residuals and Linear Bottlenecks", table 2."""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.spec.schema import Activation
from npas.zoo.width import SMALL, scaled

TABLE = (
    # expansion, channels, repeats, stride, stride for small images
    (1, 16, 1, 1, 1),
    (6, 24, 2, 2, 1),
    (6, 32, 3, 2, 2),
    (6, 64, 4, 2, 2),
    (6, 96, 3, 1, 1),
    (6, 160, 3, 2, 2),
    (6, 320, 1, 1, 1),
)


def mobilenet_v2(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """Images smaller than 64 pixels keep their size through the stem and the second stage, as CIFAR variants do:

    32x32 then ends at 4x4 instead of 1x1. The last convolution never shrinks below 1280 filters (section 4 of the
    paper: the multiplier below one leaves it alone).
    """
    act: Activation = activation or "relu6"
    small = min(shape[1:]) < SMALL
    b = Builder("mobilenet_v2")
    x = b.input(shape)
    with b.scope("stem"):
        x = b.conv_bn_act(x, scaled(32, width), 3, stride=1 if small else 2, activation=act)
    block = 0
    for expansion, channels, repeats, stride, small_stride in TABLE:
        for repeat in range(repeats):
            block += 1
            first = small_stride if small else stride
            with b.scope(f"block{block}"):
                x = _bottleneck(b, x, expansion, scaled(channels, width), first if repeat == 0 else 1, act)
    with b.scope("head"):
        x = b.conv_bn_act(x, scaled(1280, max(1.0, width)), 1, activation=act)
        x = b.flatten(b.global_avg_pool(x, name="pool"), name="flatten")
        x = b.dropout(x, 0.2, name="dropout")
    return b.graph(b.linear(x, classes, name="classifier"))


def _bottleneck(b: Builder, x: str, expansion: int, channels: int, stride: int, act: Activation) -> str:
    """Expand 1x1, depthwise 3x3, project 1x1 without activation; a residual where the shapes agree."""
    entry, hidden = x, b.channels(x) * expansion
    if expansion != 1:
        x = b.conv_bn_act(x, hidden, 1, activation=act)
    x = b.conv_bn_act(x, hidden, 3, stride, groups=hidden, activation=act)
    x = b.conv_bn_act(x, channels, 1, activation=None)
    return b.add(entry, x, name="add") if stride == 1 and b.channels(entry) == channels else x
