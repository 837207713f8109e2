"""MobileNet (V1): Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
table 1."""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.spec.schema import Activation
from npas.zoo.width import SMALL, scaled

TABLE = (
    # channels, stride, stride for small images
    (64, 1, 1),
    (128, 2, 1),
    (128, 1, 1),
    (256, 2, 2),
    (256, 1, 1),
    (512, 2, 2),
    (512, 1, 1),
    (512, 1, 1),
    (512, 1, 1),
    (512, 1, 1),
    (512, 1, 1),
    (1024, 2, 2),
    # The table prints stride 2 here, too, and 7x7 pixels before and behind the layer: only stride 1 gives those.
    (1024, 1, 1),
)


def mobilenet_v1(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """Images smaller than 64 pixels keep their size through the stem and the second block, as in ``mobilenet_v2``:

    32x32 then ends at 4x4 instead of 1x1.
    """
    act: Activation = activation or "relu"
    small = min(shape[1:]) < SMALL
    b = Builder("mobilenet_v1", epsilon=1e-3)
    x = b.input(shape)
    with b.scope("stem"):
        x = b.conv_bn_act(x, scaled(32, width), 3, stride=1 if small else 2, activation=act)
    for block, (channels, stride, small_stride) in enumerate(TABLE, start=1):
        with b.scope(f"block{block}"):
            # Figure 3 of the paper: a depthwise and a 1x1 layer, each with batch-norm and activation.
            x = b.conv_bn_act(x, b.channels(x), 3, small_stride if small else stride, b.channels(x), act)
            x = b.conv_bn_act(x, scaled(channels, width), 1, activation=act)
    with b.scope("head"):
        x = b.flatten(b.global_avg_pool(x, name="pool"), name="flatten")
    return b.graph(b.linear(x, classes, name="classifier"))
