"""Blocks of filters x channels lose kernel positions as one (Cai et al., YOLObile, AAAI 2021, and its release).

symbol  meaning                                                               shape
Bf, Bc  filters and channels of a block; the last ones may be smaller         8, 4
norms   L2 over a block's filters, by channel and position                    [Gf, C, Kh, Kw]
scores  sum of ``norms`` over a block's channels, per expected norm of noise  [Gf, Gc, Kh, Kw]
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from npas.schemes.base import Mask, Weight
from npas.schemes.kind import LayerKind
from npas.schemes.ranking import best_fit
from npas.spec.schema import SchemeName

FILTERS = 8
CHANNELS = 4


class BlockPunched:
    """Positions are ranked layer-wide, so counts differ per block; some blocks may go entirely.

    Kept weights are the nearest to ``size / rate`` that whole blocks of positions give. A depthwise weight
    [C, 1, Kh, Kw] has blocks of 8 channels. On 1x1 kernels whole blocks go.
    """

    name: ClassVar[SchemeName] = "block_punched"
    min_rate: ClassVar[float] = 1.0

    def applies(self, kind: LayerKind) -> bool:
        return kind != "fc"

    def mask(self, weight: Weight, rate: float) -> Mask:
        filters, channels = weight.shape[:2]
        rows, columns = np.arange(0, filters, FILTERS), np.arange(0, channels, CHANNELS)
        heights, widths = np.minimum(FILTERS, filters - rows), np.minimum(CHANNELS, channels - columns)
        norms = np.sqrt(np.add.reduceat(np.square(weight, dtype=np.float64), rows, axis=0))
        scores = np.add.reduceat(norms, columns, axis=1)
        # Norms grow with the root of the filters and their sum with the channels: small last blocks rank as equals.
        scores /= np.sqrt(heights)[:, None, None, None] * widths[:, None, None]
        sizes = np.broadcast_to((heights[:, None] * widths)[..., None, None], scores.shape)
        keep = best_fit(scores, sizes, weight.size / rate)
        return keep.repeat(heights, axis=0).repeat(widths, axis=1)
