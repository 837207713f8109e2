"""Exact Gaussian process over candidates (Rasmussen and Williams 2006, chapters 2 and 5).

Symbols
    n       trials;  m candidates to predict
    y       rewards, standardised [n]
    K_h     normalised kernel of WL iteration h [n, n]
    theta   log hyper-parameters [H + 2]: noise variance, then the weight of each K_h; the signal variance is the sum
            of the weights, because every K_h has ones on its diagonal
    C       covariance sum_h w_h K_h + noise I [n, n], and L its Cholesky factor
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular

Array = NDArray[np.float64]

LOG_NOISE = (math.log(1e-5), math.log(0.5))
"""Bounds of the noise variance. NAS-BOWL has 1e-5..1e-2; two epochs and a clock are noisier than its tables."""

LOG_WEIGHT = (math.log(1e-3), math.log(1e2))


def standardise(y: Array) -> Array:
    """Zero mean and unit variance; all equal values become zeros."""
    spread = float(y.std())
    return np.asarray((y - y.mean()) / (spread if spread > 1e-12 else 1.0))


def covariance(theta: Array, grams: Array) -> Array:
    """sum_h w_h K_h of [H + 1, a, b] kernels: [a, b]."""
    return np.asarray(np.tensordot(np.exp(theta[1:]), grams, axes=1))


def log_prior(theta: Array) -> float:
    """Noise about 0.02 and weights about 1 / (H + 1), each within a factor of some e; -inf out of bounds."""
    if not (LOG_NOISE[0] <= theta[0] <= LOG_NOISE[1]):
        return -math.inf
    if (theta[1:] < LOG_WEIGHT[0]).any() or (theta[1:] > LOG_WEIGHT[1]).any():
        return -math.inf
    noise = (theta[0] - math.log(0.02)) / 1.5
    weights = theta[1:] + math.log(len(theta) - 1)
    return float(-0.5 * (noise * noise + (weights * weights).sum()))


def log_marginal_likelihood(theta: Array, grams: Array, y: Array) -> float:
    """log p(y | theta) = -y' C^-1 y / 2 - sum log diag L - n log(2 pi) / 2; -inf where C is not positive definite."""
    lower = _factor(theta, grams)
    if lower is None:
        return -math.inf
    z = solve_triangular(lower, y, lower=True, check_finite=False)
    return float(-0.5 * z @ z - np.log(lower.diagonal()).sum() - 0.5 * len(y) * math.log(2 * math.pi))


def log_posterior(theta: Array, grams: Array, y: Array) -> float:
    """log p(theta | y) up to a constant."""
    prior = log_prior(theta)
    return prior + log_marginal_likelihood(theta, grams, y) if math.isfinite(prior) else prior


def posterior(theta: Array, grams: Array, cross: Array, y: Array) -> tuple[Array, Array]:
    """Mean and variance [m] of the noise-free reward, from K_h of the trials [H + 1, n, n] and of the trials with the
    candidates [H + 1, n, m]."""
    lower = _factor(theta, grams)
    assert lower is not None, "the noise keeps the covariance positive definite"
    k = covariance(theta, cross)
    mean = k.T @ cho_solve((lower, True), y, check_finite=False)
    v = solve_triangular(lower, k, lower=True, check_finite=False)
    variance = np.exp(theta[1:]).sum() - (v * v).sum(axis=0)
    return mean, np.maximum(variance, 1e-12)


def _factor(theta: Array, grams: Array) -> Array | None:
    c = covariance(theta, grams)
    c[np.diag_indices_from(c)] += math.exp(theta[0])
    try:
        return np.asarray(cholesky(c, lower=True, overwrite_a=True, check_finite=False))
    except LinAlgError:
        return None
