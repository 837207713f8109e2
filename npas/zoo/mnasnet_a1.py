"""MnasNet-A1: Tan et al., "MnasNet: Platform-Aware Neural Architecture Search for Mobile", figure 7.

What the figure leaves out is as in the authors' code: the 1x1 convolution before the pool, dropout, the width of
squeeze-excite and batch-norm's epsilon.
"""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import Relu, Sigmoid
from npas.spec.schema import Activation
from npas.zoo.squeeze_excite import squeeze_excite
from npas.zoo.width import SMALL, scaled

TABLE = (
    # expansion, kernel, channels, squeeze-excite, repeats, stride, stride for small images
    (1, 3, 16, False, 1, 1, 1),
    (6, 3, 24, False, 2, 2, 1),
    (3, 5, 40, True, 3, 2, 2),
    (6, 3, 80, False, 4, 2, 2),
    (6, 3, 112, True, 2, 1, 1),
    (6, 5, 160, True, 3, 2, 2),
    (6, 3, 320, False, 1, 1, 1),
)


def mnasnet_a1(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """Images smaller than 64 pixels keep their size through the stem and the second stage, as in ``mobilenet_v2``:

    32x32 then ends at 4x4 instead of 1x1. The last convolution has 1280 filters at any width, as in the authors' code.
    ``activation`` does not replace the ReLU and the gate within squeeze-excite.
    """
    act: Activation = activation or "relu"
    small = min(shape[1:]) < SMALL
    b = Builder("mnasnet_a1", epsilon=1e-3)
    x = b.input(shape)
    with b.scope("stem"):
        x = b.conv_bn_act(x, scaled(32, width), 3, stride=1 if small else 2, activation=act)
    block = 0
    for expansion, kernel, channels, se, repeats, stride, small_stride in TABLE:
        for repeat in range(repeats):
            block += 1
            first = small_stride if small else stride
            with b.scope(f"block{block}"):
                x = _mbconv(b, x, expansion, kernel, scaled(channels, width), se, first if repeat == 0 else 1, act)
    with b.scope("head"):
        x = b.conv_bn_act(x, 1280, 1, activation=act)
        x = b.flatten(b.global_avg_pool(x, name="pool"), name="flatten")
        x = b.dropout(x, 0.2, name="dropout")
    return b.graph(b.linear(x, classes, name="classifier"))


def _mbconv(
    b: Builder, x: str, expansion: int, kernel: int, channels: int, se: bool, stride: int, act: Activation
) -> str:
    """Expand 1x1, depthwise, squeeze-excite, project 1x1 without activation; a residual where the shapes agree.

    Squeeze-excite squeezes to a quarter of the block's input, not of the expanded channels. Without expansion this is
    the figure's SepConv.
    """
    entry, hidden = x, b.channels(x) * expansion
    if expansion != 1:
        x = b.conv_bn_act(x, hidden, 1, activation=act)
    x = b.conv_bn_act(x, hidden, kernel, stride, groups=hidden, activation=act)
    if se:
        x = squeeze_excite(b, x, max(1, b.channels(entry) // 4), Relu(), Sigmoid())
    x = b.conv_bn_act(x, channels, 1, activation=None)
    return b.add(entry, x, name="add") if stride == 1 and b.channels(entry) == channels else x
