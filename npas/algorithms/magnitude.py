"""One-shot magnitude pruning, then retraining under the masks (Han et al., NeurIPS 2015, with one round)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch

from npas.algorithms.base import one_shot
from npas.algorithms.pruned import PrunedNetwork
from npas.data import Dataset
from npas.graph.graph import Network
from npas.search.candidate import Pruning
from npas.spec.schema import AlgorithmName
from npas.training import Recipe, train


class Magnitude:
    """The smallest weights go at once, by each scheme's own ranking; all epochs retrain what is left."""

    name: ClassVar[AlgorithmName] = "magnitude"

    def run(
        self,
        network: Network,
        prunings: Mapping[str, Pruning],
        dataset: Dataset,
        recipe: Recipe,
        generator: torch.Generator,
        teacher: Network | None,
    ) -> PrunedNetwork:
        pruned = one_shot(network, prunings)
        trained = train(pruned.network, dataset, recipe, generator, masks=pruned.masks, teacher=teacher)
        return replace(pruned, network=trained)
