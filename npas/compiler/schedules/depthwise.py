"""Default schedules of depthwise kernels, which have channels in lanes."""

from __future__ import annotations

from npas.compiler.schedules.lanes import even
from npas.compiler.schedules.records import DepthwiseSchedule
from npas.compiler.schedules.space import Axes, Space, halvings
from npas.targets.isa import ISAS, IsaName

MOST_DEPTHWISE = 8
"""Pixels of a depthwise tile."""


def depthwise_schedule(width: int, window: int, isa: IsaName) -> DepthwiseSchedule:
    """Tiles of one width, as wide as the registers allow beside a row of the window's weights; a pixel where work items
    are lanes of a device, so that neighbours read neighbouring vectors."""
    if ISAS[isa].items:
        return DepthwiseSchedule(pixels=1)
    most = max(2, min(MOST_DEPTHWISE, ISAS[isa].registers - 1 - min(window, MOST_DEPTHWISE)))
    return DepthwiseSchedule(pixels=even(width, most))


def depthwise_space(width: int, height: int | None = None) -> Space:
    """All schedules of a depthwise convolution; of ``height`` rows where the layer before can be computed with it."""
    axes: Axes = {
        "pixels": tuple(range(1, min(MOST_DEPTHWISE, width) + 1)),
        "rows": (0,) if height is None else (0, *halvings(height)),
    }
    return Space({"depthwise": axes}, lambda _: True)
