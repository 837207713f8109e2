"""ProxylessNAS-R (mobile): Cai et al., "ProxylessNAS: Direct Neural Architecture Search on Target Task and Hardware",
figure 4 (the network for mobile), block by block as in the authors' released configuration."""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.spec.schema import Activation
from npas.zoo.width import SMALL, scaled

TABLE = (
    # expansion, kernel, channels, stride, stride for small images
    (1, 3, 16, 1, 1),
    # The search left two of this stage's four blocks out.
    (3, 5, 32, 2, 1),
    (3, 3, 32, 1, 1),
    (3, 7, 40, 2, 2),
    (3, 3, 40, 1, 1),
    (3, 5, 40, 1, 1),
    (3, 5, 40, 1, 1),
    (6, 7, 80, 2, 2),
    (3, 5, 80, 1, 1),
    (3, 5, 80, 1, 1),
    (3, 5, 80, 1, 1),
    (6, 5, 96, 1, 1),
    (3, 5, 96, 1, 1),
    (3, 5, 96, 1, 1),
    (3, 5, 96, 1, 1),
    (6, 7, 192, 2, 2),
    (6, 7, 192, 1, 1),
    (3, 7, 192, 1, 1),
    (3, 7, 192, 1, 1),
    (6, 7, 320, 1, 1),
)


def proxyless_mobile(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """Images smaller than 64 pixels keep their size through the stem and the second block, as in ``mobilenet_v2``:

    32x32 then ends at 4x4 instead of 1x1. The last convolution never shrinks below 1280 filters, as there.
    """
    act: Activation = activation or "relu6"
    small = min(shape[1:]) < SMALL
    b = Builder("proxyless_mobile", epsilon=1e-3)
    x = b.input(shape)
    with b.scope("stem"):
        x = b.conv_bn_act(x, scaled(32, width), 3, stride=1 if small else 2, activation=act)
    for block, (expansion, kernel, channels, stride, small_stride) in enumerate(TABLE, start=1):
        with b.scope(f"block{block}"):
            x = _mbconv(b, x, expansion, kernel, scaled(channels, width), small_stride if small else stride, act)
    with b.scope("head"):
        x = b.conv_bn_act(x, scaled(1280, max(1.0, width)), 1, activation=act)
        x = b.flatten(b.global_avg_pool(x, name="pool"), name="flatten")
    return b.graph(b.linear(x, classes, name="classifier"))


def _mbconv(b: Builder, x: str, expansion: int, kernel: int, channels: int, stride: int, act: Activation) -> str:
    """Expand 1x1, depthwise, project 1x1 without activation; a residual where the shapes agree."""
    entry, hidden = x, b.channels(x) * expansion
    if expansion != 1:
        x = b.conv_bn_act(x, hidden, 1, activation=act)
    x = b.conv_bn_act(x, hidden, kernel, stride, groups=hidden, activation=act)
    x = b.conv_bn_act(x, channels, 1, activation=None)
    return b.add(entry, x, name="add") if stride == 1 and b.channels(entry) == channels else x
