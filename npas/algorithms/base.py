"""What every pruning algorithm must say of itself, and what they share: from scores to masks to zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

import numpy as np
import torch

from npas.algorithms.coupling import joint_scores
from npas.algorithms.pruned import Mask, PrunedNetwork
from npas.data import Dataset
from npas.graph.graph import Array, Graph, Network, Node
from npas.ops import BatchNorm, Conv2d, Linear
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Pruning
from npas.spec.schema import AlgorithmName
from npas.training import Recipe


class Algorithm(Protocol):
    """How weights are really pruned and retrained. One algorithm per file."""

    name: ClassVar[AlgorithmName]

    def run(
        self,
        network: Network,
        prunings: Mapping[str, Pruning],
        dataset: Dataset,
        recipe: Recipe,
        generator: torch.Generator,
        teacher: Network | None,
    ) -> PrunedNetwork:
        """Prunes the named nodes by their schemes and trains for ``recipe.epochs`` in all.

        Args:
            network: trained weights; they are not changed.
            prunings: node name -> scheme and rate; rate 1 leaves a node dense.
            generator: decides all that is random: equal ones give equal results on one machine.
            teacher: distils into the pruned network where given.

        Raises:
            TrainingError: network and dataset do not fit, or training diverged.
        """
        ...


def one_shot(network: Network, prunings: Mapping[str, Pruning]) -> PrunedNetwork:
    """Every named node's weight under its scheme's mask by magnitude; no training."""
    return hard_prune(network, prunings, {})


def hard_prune(network: Network, prunings: Mapping[str, Pruning], scores: Mapping[str, Array]) -> PrunedNetwork:
    """Zeroes what the schemes drop. Deterministic, and the input's arrays are not changed.

    ``scores`` (node name -> array of its weight's shape) replace the weight that a scheme ranks: whatever has the
    larger magnitude there is worth more. Nodes without a score are ranked by their weight.
    """
    pruned = sparse(prunings)
    ranked = {name: scores.get(name, network.weights[f"{name}.weight"]) for name in pruned}
    masks: dict[str, Mask] = {}
    for name, mask in scheme_masks(network.graph, pruned, ranked).items():
        masks[f"{name}.weight"] = mask
        if pruned[name].scheme == "filter":
            kept: Mask = np.asarray(mask.reshape(len(mask), -1).any(axis=1))
            masks |= {weight: kept.copy() for weight in filter_companions(network.graph, network.graph.node(name))}
    weights = dict(network.weights)
    for weight, mask in masks.items():
        # Not a product with the mask, which would leave -0.0.
        weights[weight] = np.where(mask, weights[weight], np.float32(0))
    return PrunedNetwork(network.with_weights(weights), masks, pruned)


def sparse(prunings: Mapping[str, Pruning]) -> dict[str, Pruning]:
    """The prunings that prune."""
    return {name: pruning for name, pruning in prunings.items() if pruning.rate != 1}


def scheme_masks(graph: Graph, prunings: Mapping[str, Pruning], scores: Mapping[str, Array]) -> dict[str, Mask]:
    """Node name -> what its scheme keeps of the weight when it ranks ``scores``; shapes are the scores'.

    Layers pruned by filters whose results are added rank their filters together (``coupling.py``).
    """
    joint = joint_scores(graph, prunings, scores)
    masks = {}
    for name, pruning in prunings.items():
        scheme, kind = SCHEMES[pruning.scheme], kind_of(graph.node(name), graph)
        assert kind is not None and scheme.applies(kind), f"{name}: {pruning.scheme} is not for {kind}"
        masks[name] = scheme.mask(joint[name], pruning.rate)
        assert masks[name].shape == graph.parameters[f"{name}.weight"], (name, masks[name].shape)
    return masks


def filter_companions(graph: Graph, node: Node) -> tuple[str, ...]:
    """Weights [F] that go with a filter: its bias, and scale, bias and mean of the batch-norms that follow.

    With these a removed filter's channel is exactly 0 after normalisation. The variance stays: it is divided by.
    """
    names = [f"{node.name}.bias"] if isinstance(node.op, Conv2d | Linear) and node.op.bias else []
    for reader in graph.consumers[node.name]:
        if isinstance(reader.op, BatchNorm):
            names += [f"{reader.name}.{role}" for role in ("scale", "bias", "mean")]
    return tuple(names)
