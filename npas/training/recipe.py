"""How long and how hard to train: the numbers of one run.

| symbol | meaning |
| --- | --- |
| lr(t) | learning rate of step t of T: linear warm-up to ``learning_rate``, then half a cosine down to 0 |
| CE, KL | cross-entropy with the labels; Kullback-Leibler divergence from the teacher |
| tau, a | ``distillation_temperature`` and ``distillation_weight`` |

With a teacher, loss = (1 - a) CE + a tau^2 KL(teacher / tau || student / tau); without one, CE.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """SGD with Nesterov momentum. Warm-up is in epochs, and never more than a fifth of the run."""

    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup_epochs: float = 1.0
    label_smoothing: float = 0.0
    distillation_temperature: float = 4.0
    distillation_weight: float = 0.5

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of step ``step`` (from 0) of ``steps`` (Loshchilov & Hutter 2017; Goyal et al. 2017)."""
        warmup = round(steps * min(0.2, self.warmup_epochs / max(1, self.epochs)))
        if step < warmup:
            return self.learning_rate * (step + 1) / (warmup + 1)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
