"""Which algorithm prunes this network best: each is tried for a few epochs, the best gets the long run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from npas.algorithms import ALGORITHMS
from npas.algorithms.pruned import PrunedNetwork
from npas.data import Dataset
from npas.graph.graph import Network
from npas.search.candidate import Pruning
from npas.spec.schema import AlgorithmName
from npas.training import Recipe, TrainingError, evaluate

log = logging.getLogger("npas.algorithms")


@dataclass(frozen=True)
class Selection:
    """The winner's long run, and the top-1 accuracies of the short ones."""

    pruned: PrunedNetwork
    algorithm: AlgorithmName
    accuracies: Mapping[AlgorithmName, float]


def prune(
    network: Network,
    prunings: Mapping[str, Pruning],
    dataset: Dataset,
    recipe: Recipe,
    trial_epochs: int,
    algorithms: Sequence[AlgorithmName],
    seed: int,
    *,
    teacher: Network | None = None,
    compare_on: Dataset | None = None,
    done: Mapping[str, float] | None = None,
    on_result: Callable[[AlgorithmName, float], None] | None = None,
) -> Selection:
    """Phase 3: compares the algorithms for ``trial_epochs``, then runs the best for ``recipe.epochs``.

    The arguments are those of ``compare``, which sees ``compare_on`` (by default ``dataset``): data whose test split
    the final accuracy is not measured on. A single algorithm needs no comparison: it is not tried, and
    ``accuracies`` holds only what ``done`` knows of it.

    Raises:
        TrainingError: every trial diverged, the long run did, or network and dataset do not fit.
    """
    if len(set(algorithms)) == 1:
        best = algorithms[0]
        accuracies = _known(algorithms, done)
    else:
        trial = replace(recipe, epochs=trial_epochs)
        accuracies = compare(
            network,
            prunings,
            compare_on or dataset,
            trial,
            algorithms,
            seed,
            teacher=teacher,
            done=done,
            on_result=on_result,
        )
        best = winner(accuracies)
    log.info("%s: %d epochs", best, recipe.epochs)
    pruned = ALGORITHMS[best].run(network, prunings, dataset, recipe, _generator(seed), teacher)
    return Selection(pruned, best, accuracies)


def compare(
    network: Network,
    prunings: Mapping[str, Pruning],
    dataset: Dataset,
    recipe: Recipe,
    algorithms: Sequence[AlgorithmName],
    seed: int,
    *,
    teacher: Network | None = None,
    done: Mapping[str, float] | None = None,
    on_result: Callable[[AlgorithmName, float], None] | None = None,
) -> dict[AlgorithmName, float]:
    """Top-1 accuracy of each algorithm after ``recipe.epochs``, in the order given.

    Args:
        seed: every algorithm starts from it anew, so results do not depend on which others are compared.
        teacher: distils where given; the unpruned network.
        done: accuracies known from an interrupted comparison; those algorithms are not run.
        on_result: called with each new accuracy as soon as it is there.

    An algorithm whose training diverges is left out, with a warning.

    Raises:
        TrainingError: all of them failed; the message is the last failure's.
    """
    known = _known(algorithms, done)
    accuracies: dict[AlgorithmName, float] = {}
    failure: TrainingError | None = None
    for name in dict.fromkeys(algorithms):
        if name in known:
            accuracies[name] = known[name]
            continue
        try:
            pruned = ALGORITHMS[name].run(network, prunings, dataset, recipe, _generator(seed), teacher)
        except TrainingError as error:
            log.warning("%s is left out: %s", name, error)
            failure = error
            continue
        accuracies[name] = evaluate(pruned.network, dataset)
        log.info("%s: accuracy %.4f after %d epochs", name, accuracies[name], recipe.epochs)
        if on_result is not None:
            on_result(name, accuracies[name])
    if not accuracies:
        assert failure is not None, "no algorithm was named"
        raise failure
    return accuracies


def winner(accuracies: Mapping[AlgorithmName, float]) -> AlgorithmName:
    """The most accurate one; the first named among equals."""
    return max(accuracies, key=lambda name: accuracies[name])


def _known(algorithms: Sequence[AlgorithmName], done: Mapping[str, float] | None) -> dict[AlgorithmName, float]:
    return {name: done[name] for name in dict.fromkeys(algorithms) if done is not None and name in done}


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
