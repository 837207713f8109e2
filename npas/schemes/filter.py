"""Whole filters go, those of the smallest L2 norm (Li et al., "Pruning Filters for Efficient ConvNets", 2017)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from npas.schemes.base import Mask, Weight
from npas.schemes.kind import LayerKind
from npas.schemes.ranking import kept, largest
from npas.spec.schema import SchemeName


class Filter:
    """Exactly ``F / rate`` filters stay, halves up. Removing the dead channels is the compiler's work.

    Not for depthwise layers: their channels go with the filters of the layer before.
    """

    name: ClassVar[SchemeName] = "filter"
    min_rate: ClassVar[float] = 1.0

    def applies(self, kind: LayerKind) -> bool:
        return kind not in ("depthwise", "depthwise_other")

    def mask(self, weight: Weight, rate: float) -> Mask:
        rows = weight.reshape(len(weight), -1)
        norms = np.sqrt(np.square(rows, dtype=np.float64).sum(axis=1))
        keep = largest(norms, kept(len(rows), rate))
        return np.broadcast_to(keep[:, None], rows.shape).reshape(weight.shape).copy()
