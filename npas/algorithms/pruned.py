"""What pruning hands to the compiler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from npas.graph.graph import Network
from npas.search.candidate import Pruning

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class PrunedNetwork:
    """A network whose pruned weights are zero.

    ``masks`` are by weight name (``node.weight``; True = kept), same shape as the weight.
    ``prunings`` say per node which scheme and rate made the mask; nodes left dense are absent.
    """

    network: Network
    masks: Mapping[str, Mask]
    prunings: Mapping[str, Pruning]
