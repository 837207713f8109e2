"""Least-squares weights for the convolutions that replace a layer (NPAS, section 4.2: reconstruction error).

symbol  meaning                                                          shape
W       the layer's weight at the taps that the replacement still sees   [F, C, K]
X       samples of the replacement's input, by channel and tap           [C, S, K]
Y       the layer's own output at the samples                            [S, F]
M       channels between the factors; C where there is no first 1x1
U       the first 1x1                                                    [M, C]
D       the depthwise kernels                                            [M, K]
V       the last 1x1                                                     [F, M]
b       the last bias                                                    [F]
Z       samples of the depthwise output                                  [M, S]

Everything is float64. Each problem starts from factors of W itself and is solved for the difference, with a ridge on
it: what the samples do not determine stays as the layer had it, and a layer that can be represented is kept exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor

from npas.rewrite.factors import channel_factors, rank_one_sums

RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Relative to the mean power of the regressors; the one that predicts the held-out samples best is taken."""

TRAINED = 0.75
"""Share of the samples that are fitted while choosing; the rest, the last images, judge."""

ROUNDS = 3
"""Alternations between depthwise and 1x1 weights, at most: they end once held-out samples do not gain."""

CG_STEPS = 6


def dense(w: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """One convolution: (weight [F, C, K], bias [F]) for Y = X W + b."""
    weight, bias = ridge(w.flatten(1), columns(x), y)
    return weight.reshape(w.shape), bias


def depthwise_separable(w: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Depthwise, then 1x1: (D [C, K], V [F, C], b [F]). Alternating least squares."""
    d, v = channel_factors(w, covariance(x))
    cut = _cut(x.shape[1])
    v, b = ridge(v, convolve(x[:, :cut], d).T, y[:cut])
    least = _error(x[:, cut:], y[cut:], d, v, b)
    for _ in range(ROUNDS):
        d, v = _balanced_pair(d, v)
        moved = depthwise_step(d, v, x[:, :cut], y[:cut])
        mixing, bias = ridge(v, convolve(x[:, :cut], moved).T, y[:cut])
        if (error := _error(x[:, cut:], y[cut:], moved, mixing, bias)) >= least:
            break
        d, v, b, least = moved, mixing, bias, error
    v, b = ridge(v, convolve(x, d).T, y)
    return (*_balanced_pair(d, v), b)


def inverted_bottleneck(w: Tensor, x: Tensor, y: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """1x1, depthwise, 1x1: (U [M, C], D [M, K], V [F, M], b [F]).

    W as a sum of M rank-one terms, channels weighted by how strong their inputs are; then V from the samples.
    """
    strength = x.square().mean(dim=(1, 2)).sqrt()
    strength = strength.clamp(min=0.01 * float(strength.max()) + 1e-12)
    u, d, v = rank_one_sums(w * strength[:, None], width)
    u, d, v = balanced(u / strength, d, v.T)
    refined, b = ridge(v.T, bottleneck(x, u, d).T, y)
    u, d, v = balanced(u, d, refined.T)
    return u, d, v.T, b


def ridge(start: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(weight, bias) minimising |Y - X weight' - b|^2 + ridge |weight - start|^2; start is [F, n], X is [S, n]."""
    mean_x, mean_y = x.mean(dim=0), y.mean(dim=0)
    x, rest = x - mean_x, y - mean_y - (x - mean_x) @ start.T
    cut = _cut(len(x))
    fitted, held = (x[:cut], rest[:cut]), (x[cut:], rest[cut:])
    grams, sides = zip(*((a.T @ a, a.T @ b) for a, b in (fitted, held)), strict=True)

    def missed(pull: float) -> float:
        return float((held[1] - held[0] @ _solve(grams[0], sides[0], pull)).square().sum())

    best = min(RIDGES, key=missed) if cut < len(x) else RIDGES[-1]
    weight = start + _solve(sum(grams), sum(sides), best).T
    return weight, mean_y - weight @ mean_x


def _solve(gram: Tensor, side: Tensor, pull: float) -> Tensor:
    ridge = pull * gram.diagonal().mean() + 1e-12
    root = torch.linalg.cholesky(gram + ridge * torch.eye(len(gram), dtype=gram.dtype))
    return torch.cholesky_solve(side, root)


def _cut(samples: int) -> int:
    return max(1, int(TRAINED * samples))


def _error(x: Tensor, y: Tensor, d: Tensor, v: Tensor, b: Tensor) -> float:
    return float((y - convolve(x, d).T @ v.T - b).square().sum())


def depthwise_step(d: Tensor, v: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Better depthwise kernels for the given 1x1: conjugate gradients on the 9 C normal equations.

    Their matrix would have (9 C)^2 entries; its product with a vector needs only X and V'V.
    """
    x = x - x.mean(dim=1, keepdim=True)
    inner = v.T @ v
    rest = v.T @ (y - y.mean(dim=0)).T - inner @ convolve(x, d)  # [C, S]
    diagonal = inner.diagonal()[:, None] * x.square().sum(dim=1)
    pull = RIDGES[0] * diagonal.mean() + 1e-12
    scale = diagonal + pull

    def normal(step: Tensor) -> Tensor:
        return correlate(x, inner @ convolve(x, step)) + pull * step

    residual = correlate(x, rest)
    solution = torch.zeros_like(d)
    direction = residual / scale
    power = (residual * direction).sum()
    for _ in range(CG_STEPS):
        if power <= 1e-24 * (1 + diagonal.mean()):
            break
        image = normal(direction)
        length = power / (direction * image).sum()
        solution = solution + length * direction
        residual = residual - length * image
        renewed = (residual * residual / scale).sum()
        direction = residual / scale + renewed / power * direction
        power = renewed
    return d + solution


def convolve(x: Tensor, d: Tensor) -> Tensor:
    """Z [C, S] of a depthwise convolution of the samples X."""
    return (x @ d[:, :, None])[:, :, 0]


def correlate(x: Tensor, z: Tensor) -> Tensor:
    """[C, K], the adjoint of ``convolve``: what each tap of X has in common with Z."""
    return (z[:, None] @ x)[:, 0]


def columns(x: Tensor) -> Tensor:
    """X as one regressor per channel and tap: [S, C K]."""
    return x.permute(1, 0, 2).flatten(1)


def bottleneck(x: Tensor, u: Tensor, d: Tensor) -> Tensor:
    """Z [M, S] of a 1x1 and a depthwise convolution of the samples X, tap by tap to save memory."""
    z = x.new_zeros(len(u), x.shape[1])
    for tap in range(x.shape[2]):
        z += d[:, tap, None] * (u @ x[:, :, tap])
    return z


def covariance(x: Tensor) -> Tensor:
    """Of the taps, per channel: [C, K, K], drawn towards a multiple of the identity where samples are scarce."""
    x = x - x.mean(dim=1, keepdim=True)
    _, samples, taps = x.shape
    power = x.square().mean(dim=(1, 2))[:, None, None] * torch.eye(taps, dtype=x.dtype)
    return (x.mT @ x + taps * power) / (samples + taps)


def balanced(*factors: Tensor) -> tuple[Tensor, ...]:
    """The factors [M, .] with equal norms at each middle channel; their product stays.

    Magnitudes then say how much a middle channel contributes, which is what pruning goes by.
    """
    norms = torch.stack([factor.norm(dim=1) for factor in factors])
    equal = norms.prod(dim=0) ** (1 / len(factors))
    scales = torch.where(equal > 0, equal / norms.clamp(min=1e-300), 1.0)
    return tuple(factor * scale[:, None] for factor, scale in zip(factors, scales, strict=True))


def _balanced_pair(d: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    d, mixing = balanced(d, v.T)
    return d, mixing.T
