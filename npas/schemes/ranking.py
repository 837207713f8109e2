"""Choosing the best of a ranking, shared by the schemes.

Ties go to the earlier position. A weight that the scheme removed scores 0, so the same ranking of a masked weight
starts with the same members: this is what makes every scheme idempotent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from npas.schemes.base import Mask

Scores = NDArray[np.floating[Any]]


def kept(size: int, rate: float) -> int:
    """``size / rate``, halves up, at least 1."""
    return max(1, int(size / rate + 0.5))


def largest(scores: Scores, count: int) -> Mask:
    """True at exactly ``count`` of the largest scores (any shape), in linear time."""
    flat = scores.ravel()
    if count >= flat.size:
        return np.ones(scores.shape, dtype=bool)
    threshold = np.partition(flat, flat.size - count)[flat.size - count]
    mask: Mask = flat > threshold
    ties = np.flatnonzero(flat == threshold)
    mask[ties[: count - int(mask.sum())]] = True
    return mask.reshape(scores.shape)


def best_fit(scores: Scores, sizes: NDArray[np.int64], target: float, forced: Mask | None = None) -> Mask:
    """True at the best groups (any shape) whose weights add up to as nearly ``target`` as a ranking gives.

    ``sizes`` are the weights per group. Groups in ``forced`` stay whatever the target says; at least one group stays.
    """
    first = np.zeros(scores.size, dtype=bool) if forced is None else forced.ravel()
    order = np.lexsort((-scores.ravel(), ~first))  # stable: forced ones first, then by score
    total = np.cumsum(sizes.ravel()[order])
    least = max(1, int(first.sum()))
    count = least + int(np.argmin(np.abs(total[least - 1 :] - target)))
    mask = np.zeros(scores.size, dtype=bool)
    mask[order[:count]] = True
    return mask.reshape(scores.shape)
