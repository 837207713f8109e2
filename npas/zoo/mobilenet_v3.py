"""MobileNet-V3-Large and -Small: Howard et al., "Searching for MobileNetV3", tables 1 and 2."""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import HardSigmoid, Relu
from npas.spec.schema import Activation
from npas.zoo.squeeze_excite import squeeze_excite
from npas.zoo.width import SMALL, scaled

RE: Activation = "relu"
HS: Activation = "hard_swish"

# Of each block: kernel, expanded, channels, squeeze-excite, activation, stride, stride for small images.
Table = tuple[tuple[int, int, int, bool, Activation, int, int], ...]

LARGE_TABLE: Table = (
    (3, 16, 16, False, RE, 1, 1),
    (3, 64, 24, False, RE, 2, 1),
    (3, 72, 24, False, RE, 1, 1),
    (5, 72, 40, True, RE, 2, 2),
    (5, 120, 40, True, RE, 1, 1),
    (5, 120, 40, True, RE, 1, 1),
    (3, 240, 80, False, HS, 2, 2),
    (3, 200, 80, False, HS, 1, 1),
    (3, 184, 80, False, HS, 1, 1),
    (3, 184, 80, False, HS, 1, 1),
    (3, 480, 112, True, HS, 1, 1),
    (3, 672, 112, True, HS, 1, 1),
    (5, 672, 160, True, HS, 2, 2),
    (5, 960, 160, True, HS, 1, 1),
    (5, 960, 160, True, HS, 1, 1),
)

SMALL_TABLE: Table = (
    (3, 16, 16, True, RE, 2, 1),
    (3, 72, 24, False, RE, 2, 2),
    (3, 88, 24, False, RE, 1, 1),
    (5, 96, 40, True, HS, 2, 2),
    (5, 240, 40, True, HS, 1, 1),
    (5, 240, 40, True, HS, 1, 1),
    (5, 120, 48, True, HS, 1, 1),
    (5, 144, 48, True, HS, 1, 1),
    (5, 288, 96, True, HS, 2, 2),
    (5, 576, 96, True, HS, 1, 1),
    (5, 576, 96, True, HS, 1, 1),
)


def mobilenet_v3_large(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """Images smaller than 64 pixels keep their size through the stem and the second block, as in ``mobilenet_v2``:

    32x32 then ends at 4x4 instead of 1x1.
    """
    b = Builder("mobilenet_v3_large", epsilon=1e-3)
    x = _blocks(b, LARGE_TABLE, shape, width, activation)
    return _head(b, x, 960, 1280, classes, width, activation or HS)


def mobilenet_v3_small(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    """Images smaller than 64 pixels keep their size through the stem and the first block.

    Table 2 has a squeeze-excite behind the last convolution. The authors' code has none there, nor have the published
    counts.
    """
    b = Builder("mobilenet_v3_small", epsilon=1e-3)
    x = _blocks(b, SMALL_TABLE, shape, width, activation)
    return _head(b, x, 576, 1024, classes, width, activation or HS)


def _blocks(b: Builder, table: Table, shape: tuple[int, int, int], width: float, activation: Activation | None) -> str:
    """``activation`` replaces both of the table's, not the ReLU and the gate within squeeze-excite."""
    small = min(shape[1:]) < SMALL
    x = b.input(shape)
    with b.scope("stem"):
        x = b.conv_bn_act(x, scaled(16, width), 3, stride=1 if small else 2, activation=activation or HS)
    for block, (kernel, expanded, channels, se, own, stride, small_stride) in enumerate(table, start=1):
        hidden, step = scaled(expanded, width), small_stride if small else stride
        with b.scope(f"block{block}"):
            x = _bottleneck(b, x, kernel, hidden, scaled(channels, width), se, activation or own, step)
    return x


def _head(b: Builder, x: str, filters: int, features: int, classes: int, width: float, act: Activation) -> Graph:
    """The layer before the classifier never shrinks below its ``features``, as in the authors' code."""
    with b.scope("head"):
        x = b.conv_bn_act(x, scaled(filters, width), 1, activation=act)
        x = b.flatten(b.global_avg_pool(x, name="pool"), name="flatten")
        # The table's 1x1 convolutions on the pooled pixel are linear layers.
        x = b.act(b.linear(x, scaled(features, max(1.0, width))), act)
        x = b.dropout(x, 0.2, name="dropout")
    return b.graph(b.linear(x, classes, name="classifier"))


def _bottleneck(
    b: Builder, x: str, kernel: int, hidden: int, channels: int, se: bool, act: Activation, stride: int
) -> str:
    """Expand 1x1, depthwise, squeeze-excite, project 1x1 without activation; a residual where the shapes agree."""
    entry = x
    if hidden != b.channels(x):
        x = b.conv_bn_act(x, hidden, 1, activation=act)
    x = b.conv_bn_act(x, hidden, kernel, stride, groups=hidden, activation=act)
    if se:
        x = squeeze_excite(b, x, scaled(hidden, 1 / 4), Relu(), HardSigmoid())
    x = b.conv_bn_act(x, channels, 1, activation=None)
    return b.add(entry, x, name="add") if stride == 1 and b.channels(entry) == channels else x
