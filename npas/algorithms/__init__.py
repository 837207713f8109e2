"""The pruning algorithms of phase 3. A new one is its file, its line in ``ALGORITHMS`` and its name in the spec."""

from __future__ import annotations

from npas.algorithms.admm import Admm
from npas.algorithms.base import Algorithm, one_shot
from npas.algorithms.geometric_median import GeometricMedian
from npas.algorithms.iterative_magnitude import IterativeMagnitude
from npas.algorithms.magnitude import Magnitude
from npas.algorithms.pruned import Mask, PrunedNetwork
from npas.spec.schema import AlgorithmName

ALGORITHMS: dict[AlgorithmName, Algorithm] = {
    "magnitude": Magnitude(),
    "iterative_magnitude": IterativeMagnitude(),
    "admm": Admm(),
    "geometric_median": GeometricMedian(),
}

__all__ = ["ALGORITHMS", "Algorithm", "Mask", "PrunedNetwork", "one_shot"]
