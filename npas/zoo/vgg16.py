"""VGG-16: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", table 1, D."""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.spec.schema import Activation
from npas.zoo.width import SMALL, scaled

TABLE = (
    # channels, convolutions, pool behind them, pool for small images
    (64, 2, True, True),
    (128, 2, True, True),
    (256, 3, True, True),
    (512, 3, True, False),
    (512, 3, True, True),
)


def vgg16(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """As in the paper: biases and no batch-norm. The first linear layer reads the whole last plane, whatever its size.

    Images smaller than 64 pixels skip the fourth pool: the last stage of 32x32 is then 4x4 instead of 2x2.
    """
    act: Activation = activation or "relu"
    small = min(shape[1:]) < SMALL
    b = Builder("vgg16")
    x = b.input(shape)
    for stage, (channels, convolutions, large_pool, small_pool) in enumerate(TABLE, start=1):
        with b.scope(f"stage{stage}"):
            for _ in range(convolutions):
                x = b.act(b.conv(x, scaled(channels, width), 3, bias=True), act)
            # A plane of one pixel, as tiny images end in, is left as it is.
            if (small_pool if small else large_pool) and min(b.shapes[x][2:]) > 1:
                x = b.max_pool(x, 2, 2, name="pool")
    with b.scope("head"):
        x = b.flatten(x, name="flatten")
        for _ in range(2):
            x = b.dropout(b.act(b.linear(x, scaled(4096, width)), act), 0.5)
    return b.graph(b.linear(x, classes, name="classifier"))
