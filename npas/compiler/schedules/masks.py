"""What estimates ask of a pruned layer's weights: how long lists are, and how many channels an entry may cover."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DEPTHS = (4, 2)
"""Neighbouring channels that an entry of a list may cover, the most first."""
MOST_ZEROS = 1.15
"""Of stored weights to those that a list of single channels would store, up to which more channels in an entry pay."""


def density(weight: Floats, filters: int) -> float:
    """Share of the positions that groups of so many filters of a matrix [F, positions] keep."""
    return float(kept(weight, filters).mean())


def kept(weight: Floats, filters: int) -> NDArray[np.bool_]:
    """[groups of filters, positions]"""
    padded = np.pad(weight != 0, ((0, -len(weight) % filters), (0, 0)))
    found: NDArray[np.bool_] = np.logical_or.reduce(padded.reshape(-1, filters, weight.shape[1]), axis=1)
    return found


def kept_together(weight: Floats, taps: int, filters: int) -> int:
    """Of how many neighbouring channels, 1, 2 or 4, filters that share a list keep nearly all positions together."""
    channels = weight.shape[1] // taps
    positions = kept(weight, filters)
    for depth in DEPTHS:
        if channels % depth == 0:
            entries = positions.reshape(-1, channels // depth, depth, taps).any(axis=2).sum()
            if entries * depth <= MOST_ZEROS * positions.sum():
                return depth
    return 1
