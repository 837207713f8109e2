"""Default schedules of depthwise kernels, which have channels in lanes."""

from __future__ import annotations

from npas.compiler.schedules.lanes import even
from npas.compiler.schedules.records import DepthwiseSchedule
from npas.compiler.schedules.space import Axes, Space, halvings
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d
from npas.targets.isa import ISAS, IsaName

MOST_DEPTHWISE = 8
"""Pixels of a depthwise tile."""

MOST_OUTSIDE = MOST_DEPTHWISE // 2
"""Pixels at an end of a row whose windows reach over it and that one tile has, which need not be wider than others."""


def depthwise_schedule(width: int, window: int, isa: IsaName) -> DepthwiseSchedule:
    """Tiles of one width, as wide as the registers allow beside a row of the window's weights; a pixel where work items
    are lanes of a device, so that neighbours read neighbouring vectors."""
    if ISAS[isa].items:
        return DepthwiseSchedule(pixels=1)
    most = max(2, min(MOST_DEPTHWISE, ISAS[isa].registers - 1 - min(window, MOST_DEPTHWISE)))
    return DepthwiseSchedule(pixels=even(width, most))


def edges_of(graph: Graph, node: Node) -> tuple[int, int] | None:
    """Columns outside the image that the first and the last window of a row of a convolution reach over; none where
    they are too many to be left out by the tiles at a row's ends alone."""
    assert isinstance(node.op, Conv2d)
    return edges_within(node.op, graph.shapes[node.inputs[0]][3], graph.shapes[node.name][3])


def edges_within(op: Conv2d, read: int, written: int) -> tuple[int, int] | None:
    """Likewise by the widths of input and output."""
    end = (written - 1) * op.stride[1] + (op.kernel[1] - 1) * op.dilation[1] + 1 - op.pads[1]
    edges = (op.pads[1], max(end - read, 0))
    return edges if max(edges) <= MOST_OUTSIDE * op.stride[1] else None


def depthwise_pixels(width: int, pixels: int, edges: tuple[int, int], stride: int) -> int:
    """The width of tiles, at most ``pixels``, that a row is cut into with none narrower than by one pixel; wider where
    the first and the last would not have all windows that reach over the ``edges``."""
    outside = -(-max(edges) // stride)
    columns = min(-(-width // pixels), max(width // max(outside, 1), 1))
    return even(width, -(-width // columns))


def depthwise_space(width: int, height: int | None = None) -> Space:
    """All schedules of a depthwise convolution; of ``height`` rows where the layer before can be computed with it."""
    axes: Axes = {
        "pixels": tuple(range(1, min(MOST_DEPTHWISE, width) + 1)),
        "rows": (0,) if height is None else (0, *halvings(height)),
    }
    return Space({"depthwise": axes}, lambda _: True)
