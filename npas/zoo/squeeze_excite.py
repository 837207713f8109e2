"""Squeeze-and-excitation: Hu et al., "Squeeze-and-Excitation Networks", figure 2, as MobileNet-V3 and EfficientNet
have it."""

from __future__ import annotations

from npas.graph.builder import Builder
from npas.ops import AnyOp


def squeeze_excite(b: Builder, x: str, squeezed: int, inner: AnyOp, gate: AnyOp) -> str:
    """Multiplies each channel of ``x`` by a gate computed from the averages of all of them.

    The two layers are 1x1 convolutions with bias, on a plane of one pixel. ``inner`` and ``gate`` belong to the unit:
    the network's activation does not replace them.
    """
    with b.scope("se"):
        s = b.global_avg_pool(x, name="pool")
        s = b.node(inner, b.conv(s, squeezed, 1, bias=True, name="squeeze"), name="inner")
        s = b.node(gate, b.conv(s, b.channels(x), 1, bias=True, name="excite"), name="gate")
        return b.mul(x, s, name="scale")
