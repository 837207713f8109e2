"""The reward of a trial (NPAS, phase 2).

Symbols
    V      top-1 accuracy after fast evaluation, a fraction
    t, T   measured latency and the latency budget, ms
    alpha  reward lost per whole budget that the latency lies over the budget
"""

from __future__ import annotations

FAILED = -1.0
"""What the agent is told of a failed trial: about as bad as twice the budget at alpha 1. The surrogate is told nothing,
because a candidate that does not compile says nothing of its neighbours' accuracy."""


def reward(accuracy: float, latency_ms: float, budget_ms: float, alpha: float) -> float:
    """V - alpha * max(0, t - T) / T.

    The paper writes alpha * max(0, t - T). Counting the excess in budgets makes alpha mean the same for a network of
    0.2 ms and for one of 200 ms: at alpha = 1 a network 10 % over the budget loses as much as 10 points of accuracy.
    """
    return accuracy - alpha * max(0.0, latency_ms - budget_ms) / budget_ms
