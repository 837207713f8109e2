"""Blocks of rows lose whole columns, each block its own (Niu et al., GRIM, TPAMI 2021: block-based column pruning).

symbol  meaning                                                       shape
G       row groups, ceil(F / 8); the last may be smaller
scores  L2 of a column inside a row group, per square root of rows    [G, C]
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from npas.schemes.base import Mask, Weight
from npas.schemes.kind import LayerKind
from npas.schemes.ranking import best_fit
from npas.spec.schema import SchemeName

ROWS = 8


class Block:
    """Columns are ranked layer-wide; every row group keeps its best one, so no output is cut off.

    Kept weights are the nearest to ``size / rate`` that whole columns give, but at least one column per group: the
    rate never exceeds C.
    """

    name: ClassVar[SchemeName] = "block"
    min_rate: ClassVar[float] = 1.0

    def applies(self, kind: LayerKind) -> bool:
        return kind in ("fc", "conv1x1")

    def mask(self, weight: Weight, rate: float) -> Mask:
        rows, columns = weight.shape[:2]
        assert weight.size == rows * columns, f"blocks are of matrices and 1x1 kernels, got {weight.shape}"
        starts = np.arange(0, rows, ROWS)
        heights = np.minimum(ROWS, rows - starts)
        power = np.add.reduceat(np.square(weight.reshape(rows, columns), dtype=np.float64), starts, axis=0)
        scores = np.sqrt(power / heights[:, None])  # per row, or the smaller last group would always lose
        best = np.zeros(scores.shape, dtype=bool)
        best[np.arange(len(starts)), np.argmax(scores, axis=1)] = True
        sizes = np.broadcast_to(heights[:, None], scores.shape)
        keep = best_fit(scores, sizes, weight.size / rate, forced=best)
        return np.repeat(keep, heights, axis=0).reshape(weight.shape)
