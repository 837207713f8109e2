"""Pruning what is redundant instead of what is small (FPGM: He et al., CVPR 2019, section 3.3).

| symbol | meaning                                                                    | shape |
| ------ | -------------------------------------------------------------------------- | ----- |
| W      | a layer's weight, one row per filter                                       | [F, K] |
| d_f    | sum over g of |W_f - W_g|: small where filter f is near the geometric median | [F] |

A filter near the geometric median of all filters can be stood in for by the others, whatever its norm.

- ``filter``: the filters of smallest d_f go. This is FPGM itself.
- Every other scheme keeps its structure and its ranking, but ranks |w| d_f / mean(d): a weight's magnitude,
  discounted where the others can stand in for its filter. Patterns inside a kernel are chosen as by magnitude
  (d_f is the same for all of it); which kernels, blocks or weights go depends on both. (Distances from the
  median itself would not do here: removal sets a weight to 0 and not to the median.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from npas.algorithms.base import hard_prune, sparse
from npas.algorithms.pruned import PrunedNetwork
from npas.data import Dataset
from npas.graph.graph import Array, Network
from npas.search.candidate import Pruning
from npas.spec.schema import AlgorithmName, SchemeName
from npas.training import Recipe, train


class GeometricMedian:
    """One cut by redundancy; all epochs retrain what is left."""

    name: ClassVar[AlgorithmName] = "geometric_median"

    def run(
        self,
        network: Network,
        prunings: Mapping[str, Pruning],
        dataset: Dataset,
        recipe: Recipe,
        generator: torch.Generator,
        teacher: Network | None,
    ) -> PrunedNetwork:
        nodes = sparse(prunings)
        scores = {name: scored(network.weights[f"{name}.weight"], p.scheme) for name, p in nodes.items()}
        pruned = hard_prune(network, prunings, scores)
        trained = train(pruned.network, dataset, recipe, generator, masks=pruned.masks, teacher=teacher)
        return replace(pruned, network=trained)


def scored(weight: Array, scheme: SchemeName) -> Array:
    """What the scheme ranks in place of the weight; same shape."""
    d = distances(weight)
    rows = d.reshape(-1, *(1,) * (weight.ndim - 1))
    if scheme == "filter":
        # Equal entries per filter, so that its L2 norm orders like d_f.
        return np.broadcast_to(rows, weight.shape).astype(np.float32)
    mean = float(d.mean())
    if mean == 0:
        return weight  # all filters are equal: redundancy tells nothing
    return (weight * (rows / mean)).astype(np.float32)


def distances(weight: Array) -> NDArray[np.float64]:
    """d_f of every filter: [F]."""
    filters = torch.from_numpy(weight.reshape(len(weight), -1).astype(np.float64))
    total: NDArray[np.float64] = torch.cdist(filters, filters).sum(dim=1).numpy()
    return total
