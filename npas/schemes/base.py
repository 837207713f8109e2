"""What every pruning scheme must say of itself. One scheme per file; ``SCHEMES`` in ``__init__`` is the registry."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from npas.schemes.kind import LayerKind
from npas.spec.schema import SchemeName

Weight = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]


class Scheme(Protocol):
    """Which weights of one layer may go."""

    name: ClassVar[SchemeName]

    min_rate: ClassVar[float]
    """The lowest rate above 1 that the structure allows."""

    def applies(self, kind: LayerKind) -> bool:
        """Whether layers of this kind can be pruned so."""
        ...

    def mask(self, weight: Weight, rate: float) -> Mask:
        """The weights to keep (True), same shape as ``weight``: [F, C, Kh, Kw] or [F, C].

        As close to ``size / rate`` of them as the structure permits, never none; all at rate 1. A pure function:
        equal scores are resolved by position, so masking a masked weight changes nothing.
        """
        ...
