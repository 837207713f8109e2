"""ResNet-50: He et al., "Deep Residual Learning for Image Recognition", table 1, with projection shortcuts (B).

Where a bottleneck shrinks the plane, its 3x3 convolution has the stride, not the first 1x1 as in the paper: "v1.5", as
torchvision has it.
"""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.spec.schema import Activation
from npas.zoo.width import SMALL, scaled

TABLE = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Channels inside the bottlenecks, blocks and first stride of each stage."""

EXPANSION = 4
"""Channels behind a bottleneck per channel inside."""


def resnet50(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """Images smaller than 64 pixels get a 3x3 stem of stride 1 and no max-pool (section 4.2 of the paper)."""
    act: Activation = activation or "relu"
    b = Builder("resnet50")
    x = b.input(shape)
    with b.scope("stem"):
        if min(shape[1:]) < SMALL:
            x = b.conv_bn_act(x, scaled(64, width), 3, activation=act)
        else:
            x = b.conv_bn_act(x, scaled(64, width), 7, stride=2, activation=act)
            x = b.max_pool(x, 3, 2, (1, 1, 1, 1), name="pool")
    for stage, (channels, blocks, stride) in enumerate(TABLE, start=1):
        for block in range(1, blocks + 1):
            with b.scope(f"stage{stage}_block{block}"):
                x = _bottleneck(b, x, scaled(channels, width), stride if block == 1 else 1, act)
    with b.scope("head"):
        x = b.flatten(b.global_avg_pool(x, name="pool"), name="flatten")
    return b.graph(b.linear(x, classes, name="classifier"))


def _bottleneck(b: Builder, x: str, channels: int, stride: int, act: Activation) -> str:
    """1x1, 3x3 and 1x1 beside a shortcut: the identity, or a 1x1 projection where the shape changes."""
    entry, wide = x, channels * EXPANSION
    x = b.conv_bn_act(x, channels, 1, activation=act)
    x = b.conv_bn_act(x, channels, 3, stride, activation=act)
    x = b.conv_bn_act(x, wide, 1, activation=None)
    if stride != 1 or b.channels(entry) != wide:
        entry = b.bn(b.conv(entry, wide, 1, stride, name="shortcut"), name="shortcut_bn")
    return b.act(b.add(x, entry, name="add"), act)
