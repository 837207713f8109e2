"""The one training loop: from scratch, fine-tuning, distillation, retraining under masks, ADMM."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from npas.data import Dataset
from npas.graph.graph import Network
from npas.schemes import Mask
from npas.training.device import device, placed, placed_images
from npas.training.errors import TrainingError
from npas.training.fit import check_fit
from npas.training.module import GraphModule
from npas.training.recipe import Recipe

log = logging.getLogger("npas.training")


def train(
    network: Network,
    dataset: Dataset,
    recipe: Recipe,
    generator: torch.Generator,
    *,
    masks: Mapping[str, Mask] | None = None,
    teacher: Network | None = None,
    penalty: Callable[[GraphModule], Tensor] | None = None,
    on_epoch: Callable[[int, GraphModule], None] | None = None,
) -> Network:
    """The network after ``recipe.epochs`` epochs; on a CPU, equal generators give equal weights on one machine.

    Args:
        network: the starting weights; they are not changed.
        generator: decides order, augmentation and dropout. A CPU generator.
        masks: weight name (``node.role``) -> what is kept; everything else is zero, from before the first step on.
        teacher: its softened outputs join the labels, in the mix that the recipe says.
        penalty: added to the loss at every step (ADMM's quadratic term).
        on_epoch: called after each epoch with its number from 0 and the live module, in evaluation mode.

    Raises:
        TrainingError: network and dataset do not fit, or the loss or a weight stopped being finite.
    """
    for graph in (network.graph, *(() if teacher is None else (teacher.graph,))):
        check_fit(graph, dataset)
    module = placed(GraphModule(network))
    guide = None if teacher is None else placed(GraphModule(teacher)).eval().requires_grad_(False)
    run = _Run(module, guide, _pruned(module, masks or {}), penalty, _optimiser(module, recipe), recipe)
    _zero(run.pruned)
    with torch.random.fork_rng():
        # Dropout knows only torch's global generator: it is seeded from ours and put back afterwards.
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
        for epoch in range(recipe.epochs):
            began = perf_counter()
            loss = _epoch(run, dataset, epoch, generator)
            log.info("%s: epoch %d: loss %.4f, %.1f s", network.graph.name, epoch, loss, perf_counter() - began)
            if on_epoch is not None:
                on_epoch(epoch, module)
    return _checked(module.network(), recipe)


@dataclass(frozen=True)
class _Run:
    """What stays the same from the first step to the last."""

    module: GraphModule
    guide: GraphModule | None
    pruned: list[tuple[Tensor, Tensor]]
    penalty: Callable[[GraphModule], Tensor] | None
    optimiser: torch.optim.SGD
    recipe: Recipe


def _epoch(run: _Run, dataset: Dataset, epoch: int, generator: torch.Generator) -> float:
    """The mean loss. The module is left in evaluation mode."""
    where = device()
    per_epoch = max(1, len(dataset.train) // run.recipe.batch_size)
    total = 0.0
    run.module.train()
    batches = _full_batches(dataset, run.recipe, generator)
    for step, (images, labels) in enumerate(batches, start=epoch * per_epoch):
        for group in run.optimiser.param_groups:
            group["lr"] = run.recipe.rate(step, run.recipe.epochs * per_epoch)
        loss = _loss(run, placed_images(images, where), labels.to(where))
        total += _finite(loss, run.module.graph.name, epoch, step, run.recipe)
        _step(run, loss)
    run.module.eval()
    return total / per_epoch


def _optimiser(module: GraphModule, recipe: Recipe) -> torch.optim.SGD:
    """Weight decay is for kernels and matrices: scales, shifts and biases have one dimension and go without."""
    decayed = [p for p in module.parameters() if p.ndim > 1]
    others = [p for p in module.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.SGD(
        [group for group in groups if group["params"]],
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
    )


def _full_batches(dataset: Dataset, recipe: Recipe, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Batch norm's statistics over a small remainder are noise, so a last, smaller batch is left to the next epoch."""
    for at, batch in enumerate(dataset.batches("train", recipe.batch_size, generator)):
        if at == 0 or len(batch[1]) == recipe.batch_size:
            yield batch


def _loss(run: _Run, images: Tensor, labels: Tensor) -> Tensor:
    """The mean cross-entropy, mixed with the teacher's view (Hinton et al. 2015, section 2), and the penalty."""
    scores = run.module(images).reshape(len(labels), -1)
    loss = F.cross_entropy(scores, labels, label_smoothing=run.recipe.label_smoothing)
    if run.guide is not None:
        tau, share = run.recipe.distillation_temperature, run.recipe.distillation_weight
        with torch.no_grad():
            target = F.log_softmax(run.guide(images).reshape(len(labels), -1) / tau, dim=1)
        divergence = F.kl_div(F.log_softmax(scores / tau, dim=1), target, reduction="batchmean", log_target=True)
        loss = (1 - share) * loss + share * tau**2 * divergence
    return loss if run.penalty is None else loss + run.penalty(run.module)


def _step(run: _Run, loss: Tensor) -> None:
    """One step in which pruned weights have no gradient, hence no momentum, and stay exactly zero."""
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    for weight, gone in run.pruned:
        if weight.grad is not None:
            weight.grad.masked_fill_(gone, 0.0)
    run.optimiser.step()
    _zero(run.pruned)


def _pruned(module: GraphModule, masks: Mapping[str, Mask]) -> list[tuple[Tensor, Tensor]]:
    """Each masked weight with where it must be zero."""
    pairs = []
    for name, mask in masks.items():
        weight = module.weight(name)
        assert weight.shape == mask.shape, (name, weight.shape, mask.shape)
        pairs.append((weight, torch.from_numpy(~mask).to(weight.device)))
    return pairs


def _zero(pruned: list[tuple[Tensor, Tensor]]) -> None:
    # Not a product with the mask: that leaves -0.0, and NaN where a weight was NaN.
    with torch.no_grad():
        for weight, gone in pruned:
            weight.masked_fill_(gone, 0.0)


def _finite(loss: Tensor, name: str, epoch: int, step: int, recipe: Recipe) -> float:
    value = float(loss.detach())
    if not math.isfinite(value):
        raise TrainingError(
            f"{name}: the loss must stay finite, got {value} in epoch {epoch}, step {step}, "
            f"lower learning_rate (it is {recipe.learning_rate:g}) or look for wrong values in the data"
        )
    return value


def _checked(network: Network, recipe: Recipe) -> Network:
    """The last step's damage shows in no loss."""
    broken = [name for name, weight in network.weights.items() if not np.isfinite(weight).all()]
    if broken:
        raise TrainingError(
            f"{network.graph.name}: weights must stay finite, got NaN or infinity in {', '.join(broken[:5])}, "
            f"lower learning_rate (it is {recipe.learning_rate:g})"
        )
    return network
