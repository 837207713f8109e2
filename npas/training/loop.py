"""The one training loop: from scratch, fine-tuning, distillation, retraining under masks, ADMM."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Mapping
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
    check_fit(network.graph, dataset)
    where = device()
    module = placed(GraphModule(network))
    guide = None if teacher is None else placed(GraphModule(teacher)).eval().requires_grad_(False)
    pruned = _pruned(module, masks or {})
    _zero(pruned)
    optimiser = _optimiser(module, recipe)
    steps = recipe.epochs * _steps_per_epoch(dataset, recipe)
    step = 0
    with torch.random.fork_rng():
        # Dropout knows only torch's global generator: it is seeded from ours and put back afterwards.
        torch.manual_seed(int(torch.randint(2**62, (1,), generator=generator)))
        for epoch in range(recipe.epochs):
            began, total = perf_counter(), 0.0
            module.train()
            for images, labels in _full_batches(dataset, recipe, generator):
                for group in optimiser.param_groups:
                    group["lr"] = recipe.rate(step, steps)
                loss = _loss(module, guide, placed_images(images, where), labels.to(where), recipe)
                if penalty is not None:
                    loss = loss + penalty(module)
                total += _finite(loss, network.graph.name, epoch, step, recipe)
                _step(optimiser, loss, pruned)
                step += 1
            module.eval()
            log.info("epoch %d: loss %.4f, %.1f s", epoch, total * recipe.epochs / steps, perf_counter() - began)
            if on_epoch is not None:
                on_epoch(epoch, module)
    return _checked(module.network(), recipe)


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


def _steps_per_epoch(dataset: Dataset, recipe: Recipe) -> int:
    return max(1, len(dataset.train) // recipe.batch_size)


def _full_batches(dataset: Dataset, recipe: Recipe, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Batch norm's statistics over a small remainder are noise, so a last, smaller batch is left to the next epoch."""
    for at, batch in enumerate(dataset.batches("train", recipe.batch_size, generator)):
        if at == 0 or len(batch[1]) == recipe.batch_size:
            yield batch


def _loss(module: GraphModule, guide: GraphModule | None, images: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    """The mean over the batch of cross-entropy, mixed with the teacher's view (Hinton et al. 2015, section 2)."""
    scores = module(images).reshape(len(labels), -1)
    loss = F.cross_entropy(scores, labels, label_smoothing=recipe.label_smoothing)
    if guide is None:
        return loss
    tau, share = recipe.distillation_temperature, recipe.distillation_weight
    with torch.no_grad():
        target = F.log_softmax(guide(images).reshape(len(labels), -1) / tau, dim=1)
    student = F.log_softmax(scores / tau, dim=1)
    divergence = F.kl_div(student, target, reduction="batchmean", log_target=True)
    return (1 - share) * loss + share * tau**2 * divergence


def _step(optimiser: torch.optim.Optimizer, loss: Tensor, pruned: list[tuple[Tensor, Tensor]]) -> None:
    """One step in which pruned weights have no gradient, hence no momentum, and stay exactly zero."""
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    for weight, gone in pruned:
        if weight.grad is not None:
            weight.grad.masked_fill_(gone, 0.0)
    optimiser.step()
    _zero(pruned)


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
