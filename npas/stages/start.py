"""Where a build starts: data, the trained network, and phase 1's friendly one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from npas import data, frontend
from npas.data import Dataset
from npas.graph.graph import Network
from npas.progress import Progress
from npas.rewrite import friendly
from npas.rewrite.friendly import Replacement
from npas.spec import LoadedSpec
from npas.spec.schema import Spec
from npas.stages.cache import Cache, data_digest, network_digest
from npas.stages.program import Machine, lower_for
from npas.training import Recipe, evaluate, train

log = logging.getLogger("npas.stages")

FINE_TUNE_RATE = 0.4
"""Learning rate of a fine-tune, as a share of the training's: enough to move, too little to forget."""


@dataclass(frozen=True)
class Start:
    """A trained, friendly network and how it came about. Accuracies are fractions on the test split."""

    spec: Spec
    dataset: Dataset
    tuning: Dataset
    """The training split, a part of it held out: what search and selection train and evaluate on."""
    data_digest: str
    pretrained: Network
    friendly: Network
    replacements: tuple[Replacement, ...]
    pretrained_accuracy: float
    friendly_accuracy: float


def recipe(spec: Spec, epochs: int, share: float = 1.0) -> Recipe:
    """The spec's training recipe for another number of epochs and share of the learning rate."""
    training = spec.training
    return Recipe(
        epochs=epochs,
        batch_size=training.batch_size,
        learning_rate=training.learning_rate * share,
        weight_decay=training.weight_decay,
    )


def begin(loaded: LoadedSpec, machine: Machine, cache: Cache, say: Progress) -> Start:
    """Loads everything, refuses what cannot be built before any training, trains or fine-tunes what must be.

    Raises DataError, UnsupportedError, TrainingError.
    """
    spec = loaded.spec
    say.stage("data and model")
    dataset = data.load(spec.data, loaded.folder)
    network = frontend.load(spec.model, dataset.shape, dataset.classes, loaded.folder)
    lower_for(network, spec.name, machine)
    digest = data_digest(spec.data, dataset)
    if not frontend.has_weights(spec.model):
        network = _trained(spec, dataset, digest, network, cache, say)
    accuracy = evaluate(network, dataset)
    say.log(f"starting point: accuracy {accuracy:.4f}, {network.graph.total_macs / 1e6:.1f} M MACs")
    graph, replacements = friendly(network.graph) if spec.rewrite.enabled else (network.graph, ())
    tuned, tuned_accuracy = network, accuracy
    if replacements:
        tuned = _fine_tuned(spec, dataset, digest, Network(graph, network.weights), network, replacements, cache, say)
        tuned_accuracy = evaluate(tuned, dataset)
        say.log(f"friendly: accuracy {tuned_accuracy:.4f}")
    return Start(
        spec, dataset, dataset.held_out(), digest, network, tuned, tuple(replacements), accuracy, tuned_accuracy
    )


def _trained(spec: Spec, dataset: Dataset, digest: str, network: Network, cache: Cache, say: Progress) -> Network:
    say.stage(f"training from scratch, {spec.training.epochs} epochs")
    needs = {"training": spec.training.model_dump(), "network": network_digest(network), "data": digest}

    def make() -> Network:
        generator = torch.Generator().manual_seed(spec.training.seed)
        with say.bar(spec.training.epochs, "epochs") as bar:
            return train(
                network,
                dataset,
                recipe(spec, spec.training.epochs),
                generator,
                on_epoch=lambda *_: bar.advance(),
            )

    return cache.network("pretrained", needs, network.graph, make)


def _fine_tuned(
    spec: Spec,
    dataset: Dataset,
    digest: str,
    network: Network,
    teacher: Network,
    replacements: Sequence[Replacement],
    cache: Cache,
    say: Progress,
) -> Network:
    kinds = sorted({f"{r.before} -> {r.after}" for r in replacements})
    say.stage(f"phase 1: {len(replacements)} unfriendly operators ({', '.join(kinds)})")
    needs = {
        "training": spec.training.model_dump(),
        "rewrite": spec.rewrite.model_dump(),
        "network": network_digest(network),
        "data": digest,
    }

    def make() -> Network:
        generator = torch.Generator().manual_seed(spec.training.seed)
        return train(network, dataset, recipe(spec, spec.rewrite.epochs, FINE_TUNE_RATE), generator, teacher=teacher)

    return cache.network("friendly", needs, network.graph, make)
