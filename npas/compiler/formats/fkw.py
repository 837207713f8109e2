"""Filter-kernel-weight storage of pattern-pruned 3x3 kernels (PatDNN, section 5.3).

Arrays: offset [F + 1] kept kernels per reordered filter; reorder [F]; index [kernels] input channel; stride
[F (P + 1)] kernels per pattern within a filter; the P patterns' four taps each. Weights: 4 per kernel.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from npas.compiler.formats.base import Floats, Format, FormatName, Geometry, Ints, Packed

KEPT = 4
"""Entries of a pattern."""


class Fkw(Format):
    name: ClassVar[FormatName] = "fkw"

    def takes(self, matrix: Floats, geometry: Geometry) -> bool:
        """3x3 kernels with at most four kept entries each."""
        if geometry.taps != 9 or geometry.rows != 1 or geometry.depth != 1:
            return False
        kernels = matrix.reshape(geometry.filters, -1, 9)
        return bool(((kernels != 0).sum(axis=2) <= KEPT).all())

    def pack(self, matrix: Floats, geometry: Geometry) -> Packed:
        kernels = matrix.reshape(geometry.filters, -1, 9)
        assignment, patterns = _patterns(kernels)
        kept = assignment >= 0
        # Filters of equal length lie together, the longest first: threads and branches stay even.
        order = np.argsort(-kept.sum(axis=1), kind="stable") if geometry.reorder else np.arange(geometry.filters)
        offset, index, stride, weights = [0], [], [], []
        for f in order:
            used = np.flatnonzero(kept[f])
            used = used[np.argsort(assignment[f, used], kind="stable")]
            counts = np.bincount(assignment[f, used], minlength=len(patterns))
            offset.append(offset[-1] + len(used))
            index.append(used + geometry.first_column(int(f)) // 9)
            stride.append(np.concatenate([[0], np.cumsum(counts)]))
            weights.append(np.take_along_axis(kernels[f, used], patterns[assignment[f, used]], axis=1).ravel())
        arrays = (np.array(offset), order, np.concatenate(index), np.concatenate(stride), patterns.ravel())
        return Packed(np.concatenate(weights).astype(np.float32), tuple(a.astype(np.int64) for a in arrays))

    def unpack(self, packed: Packed, geometry: Geometry) -> Floats:
        offset, reorder, index, stride, taps = packed.indices
        patterns = taps.reshape(-1, KEPT)
        strides = stride.reshape(geometry.filters, len(patterns) + 1)
        kernels = np.zeros((geometry.filters, geometry.columns // 9, 9), np.float32)
        weights = packed.weights.reshape(-1, KEPT)
        for i, f in enumerate(reorder):
            for p, pattern in enumerate(patterns):
                for k in range(offset[i] + strides[i, p], offset[i] + strides[i, p + 1]):
                    kernels[f, index[k] - geometry.first_column(int(f)) // 9, pattern] = weights[k]
        return kernels.reshape(geometry.filters, geometry.columns)


def _patterns(kernels: Floats) -> tuple[Ints, Ints]:
    """The pattern of each kernel ([F, C], -1 where the kernel is all zero) and the patterns' taps ([P, 4])."""
    codes = (kernels != 0) @ (1 << np.arange(9))  # of the taps that are kept, a bit each
    distinct, first, place = np.unique(codes, return_index=True, return_inverse=True)
    kept = (distinct[:, None] >> np.arange(9) & 1) != 0
    full = np.unique(kept[kept.sum(axis=1) == KEPT], axis=0)
    patterns = [np.flatnonzero(row) for row in full]
    chosen = np.full(len(distinct), -1, np.int64)
    for i in np.argsort(first):
        taps = set(np.flatnonzero(kept[i]).tolist())
        if not taps:
            continue
        fitting = [j for j, pattern in enumerate(patterns) if taps <= set(pattern.tolist())]
        if not fitting:
            # A kept weight that training made exactly zero: any pattern that covers the rest will do.
            filling = [t for t in (4, 1, 3, 5, 7, 0, 2, 6, 8) if t not in taps]
            patterns.append(np.array(sorted([*taps, *filling[: KEPT - len(taps)]])))
            fitting = [len(patterns) - 1]
        chosen[i] = fitting[0]
    return chosen[place].reshape(codes.shape), np.array(patterns, np.int64).reshape(-1, KEPT)
