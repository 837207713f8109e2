"""Pruning by the alternating direction method of multipliers (Zhang et al., ECCV 2018; Ren et al., ASPLOS 2019).

| symbol  | meaning                                                          | shape |
| ------- | ---------------------------------------------------------------- | ----- |
| W       | a layer's weight                                                 | [F, C, Kh, Kw] or [F, C] |
| Z       | the nearest pruned weight: the scheme's projection of W + U      | as W |
| U       | what W and Z have differed by so far (the scaled dual variable)  | as W |
| rho     | strength of the pull, growing from epoch to epoch                | scalar |
| p       | what rho is made from: alone, an epoch's pull shrinks |W - Z + U| by exp(-p) | scalar |

Training minimises loss + rho/2 |W - Z + U|^2; after each epoch Z = project(W + U), then U = U + W - Z, which is
scaled by old rho over new rho (without that, a growing rho makes pruned weights overshoot zero). The pull
moves weights towards the structure before any of them is cut, so the hard cut at the end costs little.

The papers give rho as such (1e-4 to 1e-1), which pulls nowhere in a short run and is rigid in a long one, the more
so under a learning rate that falls while rho grows. Here an epoch's rho is p over the sum of its steps' lengths,
lr / (1 - momentum), so the pull is the same for every dataset, batch size and schedule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from npas.algorithms.base import hard_prune, scheme_masks, sparse
from npas.algorithms.pruned import PrunedNetwork
from npas.data import Dataset
from npas.graph.graph import Array, Graph, Network
from npas.search.candidate import Pruning
from npas.spec.schema import AlgorithmName
from npas.training import GraphModule, Recipe, train

SHARE = 0.3
"""Share of the epochs spent under the pull; masked retraining gets the rest."""

PULL_FIRST = 0.3
PULL_LAST = 3.0
"""p of the first and the last epoch; geometric between."""


class Admm:
    """A run of one epoch has no room for the pull: it is spent on retraining after a cut by magnitude."""

    name: ClassVar[AlgorithmName] = "admm"

    def run(
        self,
        network: Network,
        prunings: Mapping[str, Pruning],
        dataset: Dataset,
        recipe: Recipe,
        generator: torch.Generator,
        teacher: Network | None,
    ) -> PrunedNetwork:
        pulled = min(max(1, round(SHARE * recipe.epochs)), max(0, recipe.epochs - 1))
        pull = replace(recipe, epochs=pulled)
        rhos = pull_strengths(pull, len(dataset.train))
        state = Duals.of(network, sparse(prunings), rhos)
        dense = train(
            network,
            dataset,
            pull,
            generator,
            teacher=teacher,
            penalty=state.penalty,
            on_epoch=state.update,
        )
        pruned = hard_prune(dense, prunings, state.scores)
        retraining = replace(recipe, epochs=recipe.epochs - pulled)
        trained = train(pruned.network, dataset, retraining, generator, masks=pruned.masks, teacher=teacher)
        return replace(pruned, network=trained)


@dataclass
class Duals:
    """Z and U of every pruned node. Mutable: the training loop calls back into it."""

    prunings: Mapping[str, Pruning]
    rhos: tuple[float, ...]
    """rho of each epoch."""
    scores: dict[str, Array]
    """W + U as last projected."""
    z: dict[str, Array]
    u: dict[str, Array]
    epoch: int = 0
    _targets: dict[str, Tensor] = field(default_factory=dict)
    """Z - U where training runs, [shape of W]; made at the first step after an update."""

    @staticmethod
    def of(network: Network, prunings: Mapping[str, Pruning], rhos: tuple[float, ...]) -> Duals:
        """U = 0, Z = project(W)."""
        scores = {name: network.weights[f"{name}.weight"] for name in prunings}
        z = project(network.graph, prunings, scores)
        u = {name: np.zeros_like(score) for name, score in scores.items()}
        return Duals(prunings, rhos, scores, z, u)

    def penalty(self, module: GraphModule) -> Tensor:
        """rho/2 sum |W - Z + U|^2, a scalar."""
        total = torch.zeros((), device=next(module.parameters()).device)
        for name in self.prunings:
            weight = module.weight(f"{name}.weight")
            if name not in self._targets:
                self._targets[name] = torch.from_numpy(self.z[name] - self.u[name]).to(weight.device)
            total = total + (weight - self._targets[name]).square().sum()
        return self.rhos[self.epoch] / 2 * total

    def update(self, epoch: int, module: GraphModule) -> None:
        """After epoch ``epoch``: Z, then U; the next epoch's rho is in force from here."""
        for name in self.prunings:
            weight: Array = module.weight(f"{name}.weight").detach().cpu().numpy().copy()
            self.scores[name] = weight + self.u[name]
        self.z = project(module.graph, self.prunings, self.scores)
        for name, z in self.z.items():
            self.u[name] = (self.scores[name] - z) * np.float32(self._rescale(epoch))
        self._targets.clear()
        self.epoch = epoch + 1

    def _rescale(self, epoch: int) -> float:
        """U is the dual variable over rho: where rho grows, U shrinks (Boyd et al. 2011, section 3.4.1)."""
        return self.rhos[epoch] / self.rhos[epoch + 1] if epoch + 1 < len(self.rhos) else 1.0


def project(graph: Graph, prunings: Mapping[str, Pruning], scores: Mapping[str, Array]) -> dict[str, Array]:
    """``scores`` with what the schemes drop set to zero."""
    masks = scheme_masks(graph, prunings, scores)
    return {name: np.where(mask, scores[name], np.float32(0)) for name, mask in masks.items()}


def pull_strengths(recipe: Recipe, images: int) -> tuple[float, ...]:
    """rho of each of ``recipe.epochs`` epochs over ``images`` images; a single epoch gets ``PULL_LAST``."""
    per_epoch = max(1, images // recipe.batch_size)
    steps = recipe.epochs * per_epoch
    strengths = []
    for epoch in range(recipe.epochs):
        progress = epoch / (recipe.epochs - 1) if recipe.epochs > 1 else 1.0
        pull = PULL_FIRST * (PULL_LAST / PULL_FIRST) ** progress
        lengths = (recipe.rate(step, steps) for step in range(epoch * per_epoch, (epoch + 1) * per_epoch))
        strengths.append(pull * (1 - recipe.momentum) / sum(lengths))
    return tuple(strengths)
