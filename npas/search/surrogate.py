"""The surrogate: which candidates of a pool to evaluate next (NPAS, phase 2; NAS-BOWL).

Symbols
    theta   hyper-parameters of the process, sampled from their posterior with emcee: S draws [S, H + 2]
    mu, s   posterior mean and standard deviation of a candidate's reward
    f*      highest reward so far
    EI      expected improvement (mu - f*) Phi(z) + s phi(z), z = (mu - f*) / s; averaged over the draws of theta
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import emcee
import numpy as np
from scipy.optimize import minimize
from scipy.special import ndtr

from npas.search.candidate import Candidate
from npas.search.gp import Array, log_posterior, posterior, standardise
from npas.search.wl import WLFeatures

DRAWS = 16
STEPS = 12
MEMORY = 256
"""Trials that the process sees: the better half of this many and the latest, so that an ask stays below a second."""


def expected_improvement(mean: Array, variance: Array, best: float) -> Array:
    """EI of maximising, elementwise; at least 0."""
    deviation = np.sqrt(variance)
    z = (mean - best) / deviation
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    return np.asarray(np.maximum((mean - best) * ndtr(z) + deviation * density, 0.0))


def sample_hyperparameters(grams: Array, y: Array, rng: np.random.Generator) -> Array:
    """S draws of theta [S, H + 2] from its posterior, of a short emcee chain.

    The walkers start around the posterior's mode, found from the prior's, and not from the last ask's chain: what is
    proposed depends on the trials and the generator alone, so a resumed search goes on as an unbroken one would.
    """
    size = len(grams) + 1
    start = np.full(size, -np.log(len(grams)))
    start[0] = np.log(0.02)

    def surprise(theta: Array) -> float:
        return min(-log_posterior(theta, grams, y), 1e12)

    options: Any = {"maxfev": 40 * size, "xatol": 0.05, "fatol": 0.05}
    mode: Array = minimize(surprise, start, method="Nelder-Mead", options=options).x
    walkers = 2 * size
    points = mode + 0.1 * rng.standard_normal((walkers, size))
    inside = np.array([np.isfinite(log_posterior(point, grams, y)) for point in points])
    points[~inside] = start + 0.1 * rng.standard_normal((int((~inside).sum()), size))
    sampler = emcee.EnsembleSampler(walkers, size, log_posterior, args=(grams, y))
    sampler.random_state = np.random.RandomState(int(rng.integers(2**32))).get_state()
    sampler.run_mcmc(points, STEPS, skip_initial_state_check=True)
    chain: Array = sampler.get_chain(discard=STEPS // 2, flat=True)
    return np.asarray(chain[np.linspace(0, len(chain) - 1, DRAWS).astype(int)])


def select(
    features: WLFeatures,
    told: Sequence[tuple[Candidate, float]],
    pool: Sequence[Candidate],
    count: int,
    rng: np.random.Generator,
) -> list[int]:
    """Positions in the pool of the ``count`` candidates to evaluate, best first.

    The batch is picked one by one as a kriging believer: after each pick the process believes its own mean there.
    """
    told = _memory(told)
    n = len(told)
    grams = features.gram([candidate for candidate, _ in told] + list(pool))
    y = standardise(np.array([reward for _, reward in told]))
    draws = sample_hyperparameters(grams[:, :n, :n], y, rng)
    known = list(range(n))
    beliefs = np.tile(y, (len(draws), 1))
    best = float(y.max())
    picked: list[int] = []
    while len(picked) < min(count, len(pool)):
        inside = grams[:, known][:, :, known]
        cross = grams[:, known][:, :, n:]
        predictions = [posterior(theta, inside, cross, belief) for theta, belief in zip(draws, beliefs, strict=True)]
        gain = np.mean([expected_improvement(mean, variance, best) for mean, variance in predictions], axis=0)
        # Where no candidate promises an improvement that a float can hold, the highest mean decides.
        score = gain if gain.max() > 1e-300 else np.mean([mean for mean, _ in predictions], axis=0)
        score = np.array(score)
        score[picked] = -np.inf
        choice = int(np.argmax(score))
        picked.append(choice)
        known.append(n + choice)
        beliefs = np.column_stack([beliefs, [mean[choice] for mean, _ in predictions]])
    return picked


def _memory(told: Sequence[tuple[Candidate, float]]) -> Sequence[tuple[Candidate, float]]:
    if len(told) <= MEMORY:
        return told
    latest = told[-(MEMORY // 2) :]
    older = sorted(told[: -(MEMORY // 2)], key=lambda pair: -pair[1])
    return older[: MEMORY // 2] + list(latest)
