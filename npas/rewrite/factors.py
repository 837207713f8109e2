"""Factors of a convolution's weight. Symbols as in ``reconstruct``.

The 1x1 - depthwise - 1x1 sequence is a canonical polyadic decomposition, W[f, c, k] = sum_m V[f, m] U[m, c] D[m, k]
(Lebedev et al., "Speeding-up CNNs using fine-tuned CP-decomposition", 2015); depthwise - 1x1 is the same with one term
per channel.
"""

from __future__ import annotations

import torch
from torch import Tensor

SWEEPS = 12
"""Alternations over the three factors."""

PULL = 1e-6
"""Proximal ridge of each alternation, relative to the mean diagonal: keeps factors of a CP from running away."""


def channel_factors(w: Tensor, metric: Tensor) -> tuple[Tensor, Tensor]:
    """(D [C, K], V [F, C]): the best rank-one term of each channel's [K, F] in the metric [C, K, K] of its taps.

    With the identity as metric this is the truncated SVD; with the taps' covariance it is the least error of the
    channel's output.
    """
    trace = metric.diagonal(dim1=1, dim2=2).sum(dim=1)
    noise = 1e-6 * trace + 1e-9 * trace.max() + 1e-12
    root = torch.linalg.cholesky(metric + noise[:, None, None] * torch.eye(w.shape[2], dtype=w.dtype))
    seen = root.mT @ w.permute(1, 2, 0)  # [C, K, F]
    top = torch.linalg.eigh(seen @ seen.mT).eigenvectors[..., -1:]  # [C, K, 1]
    d = torch.linalg.solve_triangular(root.mT, top, upper=True)[..., 0]
    return d, (top.mT @ seen)[:, 0].T


def strongest_terms(w: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """(U [M, C], D [M, K], V [F, M]): the ``count`` largest terms among every channel's singular value decomposition.

    Each reads one channel only; with as many terms as channels, any depthwise separable W is represented.
    """
    left, values, right = torch.linalg.svd(w.permute(1, 2, 0), full_matrices=False)  # [C, K, r], [C, r], [C, r, F]
    rank = values.shape[1]
    chosen = torch.argsort(values.flatten(), descending=True, stable=True)[:count]
    channel, term = chosen // rank, chosen % rank
    u = torch.eye(w.shape[1], dtype=w.dtype)[channel]
    return u, left[channel, :, term], (right[channel, term] * values[channel, term, None]).T


def rank_one_sums(w: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """(U [M, C], D [M, K], V [F, M]) with M = ``width``. Alternating least squares from the strongest terms."""
    u, d, v = strongest_terms(w, width)
    for _ in range(SWEEPS):
        mixed = torch.einsum("fck,mc->fkm", w, u)
        v = _update(v.T, torch.einsum("fkm,mk->mf", mixed, d), (u @ u.T) * (d @ d.T)).T
        d = _update(d, torch.einsum("fkm,fm->mk", mixed, v), (u @ u.T) * (v.T @ v))
        u = _update(u, torch.einsum("fck,fm,mk->mc", w, v, d), (d @ d.T) * (v.T @ v))
    return u, d, v


def _update(factor: Tensor, target: Tensor, gram: Tensor) -> Tensor:
    """The factor [M, .] that solves ``gram @ factor = target``, drawn a little towards what it was."""
    pull = PULL * gram.diagonal().mean() + 1e-18
    gram = gram + pull * torch.eye(len(gram), dtype=gram.dtype)
    solved: Tensor = torch.linalg.solve(gram, target + pull * factor)
    return solved
