"""Every 3x3 kernel keeps four entries in one of few shapes (Niu et al., PatDNN, ASPLOS 2020, section 4).

symbol    meaning                                                            shape
K         kernels of the layer, F x C
power     squared weights by kernel and position                             [K, 9]
patterns  every choice of the centre and 3 of its 8 neighbours               [56, 9]
votes     natural patterns: how many kernels have their largest 3 neighbours there   [56]
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from npas.schemes.base import Mask, Weight
from npas.schemes.kind import LayerKind
from npas.schemes.ranking import kept, largest
from npas.spec.schema import SchemeName

CENTRE = 4
ENTRIES = 4
PER_LAYER = 8

_NEIGHBOURS = [position for position in range(9) if position != CENTRE]
PATTERNS: Mask = np.array([[p == CENTRE or p in chosen for p in range(9)] for chosen in combinations(_NEIGHBOURS, 3)])


class Pattern:
    """The centre and 3 others per kernel, at most 8 patterns per layer; beyond 2.25x whole kernels go, by L2.

    ``size / rate / 4`` kernels stay, halves up, at least one.
    """

    name: ClassVar[SchemeName] = "pattern"
    min_rate: ClassVar[float] = 9 / ENTRIES

    def applies(self, kind: LayerKind) -> bool:
        return kind in ("conv3x3", "depthwise")

    def mask(self, weight: Weight, rate: float) -> Mask:
        assert weight.shape[2:] == (3, 3), f"patterns are of 3x3 kernels, got {weight.shape}"
        if rate == 1:
            return np.ones(weight.shape, dtype=bool)
        assert rate >= self.min_rate, f"patterns start at rate {self.min_rate}, got {rate}"
        power = np.square(weight.reshape(-1, 9), dtype=np.float64)
        patterns = layer_patterns(power)
        retained = power @ patterns.T.astype(np.float64)
        chosen = patterns[np.argmax(retained, axis=1)]
        connected = largest(retained.max(axis=1), kept(power.size, rate * ENTRIES))
        mask: Mask = (chosen & connected[:, None]).reshape(weight.shape)
        return mask


def layer_patterns(power: NDArray[np.floating[Any]]) -> Mask:
    """The most frequent natural patterns of the kernels ``power`` [K, 9]: at most 8 of them, [<= 8, 9].

    Kernels that are all zero have no natural pattern and do not vote.
    """
    neighbours = power[:, _NEIGHBOURS]
    natural = np.argsort(-neighbours, axis=1, kind="stable")[neighbours.any(axis=1), :3]
    bits = (1 << np.array(_NEIGHBOURS))[natural].sum(axis=1)
    votes = np.bincount(bits, minlength=512)[_bits(PATTERNS)]
    order = np.argsort(-votes, kind="stable")[:PER_LAYER]
    # In table order, and without patterns that nobody asked for (one always stays).
    return PATTERNS[np.sort(order[: max(1, int((votes[order] > 0).sum()))])]


def _bits(patterns: Mask) -> NDArray[np.int64]:
    """A number per pattern: its neighbours as bits."""
    bits: NDArray[np.int64] = (patterns[:, _NEIGHBOURS] * (1 << np.array(_NEIGHBOURS))).sum(axis=1)
    return bits
