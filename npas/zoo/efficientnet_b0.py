"""EfficientNet-B0: Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", table 1.

Without the paper's stochastic depth, which is a matter of training.
"""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import Sigmoid, Silu
from npas.spec.schema import Activation
from npas.zoo.squeeze_excite import squeeze_excite
from npas.zoo.width import SMALL, scaled

TABLE = (
    # expansion, kernel, channels, repeats, stride, stride for small images
    (1, 3, 16, 1, 1, 1),
    (6, 3, 24, 2, 2, 1),
    (6, 5, 40, 2, 2, 2),
    (6, 3, 80, 3, 2, 2),
    (6, 5, 112, 3, 1, 1),
    (6, 5, 192, 4, 2, 2),
    (6, 3, 320, 1, 1, 1),
)


def efficientnet_b0(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """Images smaller than 64 pixels keep their size through the stem and the second stage, as in ``mobilenet_v2``:

    32x32 then ends at 4x4 instead of 1x1. ``activation`` does not replace the swish and the gate within
    squeeze-excite.
    """
    act: Activation = activation or "swish"
    small = min(shape[1:]) < SMALL
    b = Builder("efficientnet_b0")
    x = b.input(shape)
    with b.scope("stem"):
        x = b.conv_bn_act(x, scaled(32, width), 3, stride=1 if small else 2, activation=act)
    block = 0
    for expansion, kernel, channels, repeats, stride, small_stride in TABLE:
        for repeat in range(repeats):
            block += 1
            first = small_stride if small else stride
            with b.scope(f"block{block}"):
                x = _mbconv(b, x, expansion, kernel, scaled(channels, width), first if repeat == 0 else 1, act)
    with b.scope("head"):
        x = b.conv_bn_act(x, scaled(1280, width), 1, activation=act)
        x = b.flatten(b.global_avg_pool(x, name="pool"), name="flatten")
        x = b.dropout(x, 0.2, name="dropout")
    return b.graph(b.linear(x, classes, name="classifier"))


def _mbconv(b: Builder, x: str, expansion: int, kernel: int, channels: int, stride: int, act: Activation) -> str:
    """Expand 1x1, depthwise, squeeze-excite, project 1x1 without activation; a residual where the shapes agree.

    Squeeze-excite squeezes to a quarter of the block's input, not of the expanded channels.
    """
    entry, hidden = x, b.channels(x) * expansion
    if expansion != 1:
        x = b.conv_bn_act(x, hidden, 1, activation=act)
    x = b.conv_bn_act(x, hidden, kernel, stride, groups=hidden, activation=act)
    x = squeeze_excite(b, x, max(1, b.channels(entry) // 4), Silu(), Sigmoid())
    x = b.conv_bn_act(x, channels, 1, activation=None)
    return b.add(entry, x, name="add") if stride == 1 and b.channels(entry) == channels else x
