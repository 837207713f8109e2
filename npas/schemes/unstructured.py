"""Any weight may go: the largest magnitudes stay."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from npas.schemes.base import Mask, Weight
from npas.schemes.kind import LayerKind
from npas.schemes.ranking import kept, largest
from npas.spec.schema import SchemeName


class Unstructured:
    """Exactly ``size / rate`` weights stay, halves up."""

    name: ClassVar[SchemeName] = "unstructured"
    min_rate: ClassVar[float] = 1.0

    def applies(self, kind: LayerKind) -> bool:
        return True

    def mask(self, weight: Weight, rate: float) -> Mask:
        return largest(np.abs(weight), kept(weight.size, rate))
