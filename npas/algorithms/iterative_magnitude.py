"""Magnitude pruning in steps, with training between them (Han et al., NeurIPS 2015; Frankle & Carbin, ICLR 2019).

| symbol | meaning                                              |
| ------ | ---------------------------------------------------- |
| r      | a node's rate                                        |
| n      | steps, at most ``STEPS`` and at most one per epoch   |
| r_i    | rate of step i = 1 .. n: r^(i/n), so r_n = r         |

Each step removes the same share of what the one before left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import torch

from npas.algorithms.base import one_shot
from npas.algorithms.pruned import PrunedNetwork
from npas.data import Dataset
from npas.graph.graph import Network
from npas.schemes import SCHEMES
from npas.search.candidate import Pruning
from npas.spec.schema import AlgorithmName
from npas.training import Recipe, train

STEPS = 4
LAST_SHARE = 0.5
"""Share of the epochs that follow the last step, at the final rate."""


class IterativeMagnitude:
    """Rates rise geometrically; every step prunes what was just trained, and trains again."""

    name: ClassVar[AlgorithmName] = "iterative_magnitude"

    def run(
        self,
        network: Network,
        prunings: Mapping[str, Pruning],
        dataset: Dataset,
        recipe: Recipe,
        generator: torch.Generator,
        teacher: Network | None,
    ) -> PrunedNetwork:
        epochs = step_epochs(recipe.epochs)
        pruned = PrunedNetwork(network, {}, {})
        for i, count in enumerate(epochs, start=1):
            pruned = one_shot(pruned.network, step_prunings(prunings, i / len(epochs)))
            step = replace(recipe, epochs=count)
            trained = train(pruned.network, dataset, step, generator, masks=pruned.masks, teacher=teacher)
            pruned = replace(pruned, network=trained)
        return pruned


def step_epochs(epochs: int) -> tuple[int, ...]:
    """Epochs of each step, ``epochs`` in all: the last step gets half or more, and no step but an only one gets 0."""
    before = int(epochs * (1 - LAST_SHARE))
    steps = min(STEPS - 1, before)
    early = tuple(before // steps + (i < before % steps) for i in range(steps))
    return (*early, epochs - before)


def step_prunings(prunings: Mapping[str, Pruning], progress: float) -> dict[str, Pruning]:
    """The rates at ``progress`` in (0, 1]; a scheme that only starts at a higher rate starts there at once."""
    return {
        name: Pruning(p.scheme, max(p.rate**progress, min(SCHEMES[p.scheme].min_rate, p.rate))) if progress < 1 else p
        for name, p in prunings.items()
    }
