"""Operators that move numbers, composed: of each element of the result, where in the source it lies.

| symbol | meaning |
| --- | --- |
| t_d[i] | what index i of axis d adds to an element's offset in the source, or OUTSIDE |

An element's offset is the sum of t_d[i_d] over all axes d, so any layout that is a product of axes can be a source:
planes with margins, channels in blocks, plain arrays. Transposing permutes the tables, slicing and gathering picks
from one, padding puts OUTSIDE around one, merging axes adds two up; splitting an axis needs its table to be such a
sum. Chains of moves become one this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from npas.compiler.array_layers import OUTSIDE, Run
from npas.compiler.plan import Layout
from npas.ops import Expand, Flatten, Gather, Op, Pad, Reshape, Shape, Slice, Transpose

Table = NDArray[np.int64]


@dataclass(frozen=True)
class Moved:
    """Where the elements of an array lie: a table for each axis, and what stands for those outside."""

    tables: tuple[Table, ...]
    fill: float = 0.0

    @property
    def shape(self) -> Shape:
        return tuple(len(t) for t in self.tables)

    @staticmethod
    def of(shape: Shape, layout: Layout) -> Moved:
        """A value as it lies; ``shape`` has the batch first."""
        return Moved(tuple(axis_tables(shape, layout)))

    def through(self, op: Op) -> Moved | None:
        """After one more operator; None where that is no product of axes any more."""
        match op:
            case Transpose():
                return replace(self, tables=tuple(self.tables[i] for i in op.order))
            case Slice():
                return self._picked(op.axis, np.array(op.indices()))
            case Gather():
                return self._picked(op.axis, np.array(op.indices))
            case Pad():
                return self._padded(op)
            case Expand():
                return replace(self, tables=_expanded(self.tables, op.infer((self.shape,))))
            case Reshape() | Flatten():
                tables = reshaped(self.tables, op.infer((self.shape,)))
                return None if tables is None else replace(self, tables=tables)
        raise AssertionError(op)

    def expanded(self, shape: Shape) -> Moved:
        """Broadcast to a shape."""
        return replace(self, tables=_expanded(self.tables, shape))

    def _picked(self, axis: int, indices: Table) -> Moved:
        return replace(self, tables=tuple(t[indices] if i == axis else t for i, t in enumerate(self.tables)))

    def _padded(self, op: Pad) -> Moved | None:
        table = self.tables[op.axis]
        indices = np.array(op.indices(len(table)))
        outside = indices == OUTSIDE
        if outside.any() and self._has_outside() and self.fill != op.value:
            return None
        padded = np.where(outside, OUTSIDE, table[np.where(outside, 0, indices)])
        tables = tuple(padded if i == op.axis else t for i, t in enumerate(self.tables))
        return Moved(tables, op.value if outside.any() else self.fill)

    def _has_outside(self) -> bool:
        return any((t == OUTSIDE).any() for t in self.tables)


def axis_tables(shape: Shape, layout: Layout) -> list[Table]:
    """Offsets of each index along each axis of a value. Only images, [1, C, H, W], may lie otherwise than compact."""
    if layout.compact:
        steps = [prod(shape[i + 1 :]) for i in range(len(shape))]
        return [np.arange(count, dtype=np.int64) * step for count, step in zip(shape, steps, strict=True)]
    batch, channels, height, width = shape
    assert batch == 1, shape
    c = np.arange(channels, dtype=np.int64)
    return [
        np.zeros(1, np.int64),
        c // layout.block * layout.plane * layout.block + c % layout.block,
        np.arange(height, dtype=np.int64) * layout.pitch * layout.block,
        np.arange(width, dtype=np.int64) * layout.block,
    ]


def reshaped(tables: Sequence[Table], shape: Shape) -> tuple[Table, ...] | None:
    """The tables of the same elements in another shape; None where they are no product of axes."""
    left = [t for t in tables if len(t) > 1]
    fixed = _sum_of_singles(tables)
    found: list[Table] = []
    for count in shape:
        if count == 1:
            found.append(np.zeros(1, np.int64))
            continue
        while left and (len(left[0]) % count or len(left[0]) < count) and len(left) > 1:
            left[:2] = [_merged(left[0], left[1])]
        parts = _split(left[0], count) if len(left[0]) % count == 0 else None
        if parts is None:
            return None
        found.append(parts[0])
        left[:1] = [parts[1]] if len(parts[1]) > 1 else []
    assert not left, (shape, [len(t) for t in tables])
    if fixed == OUTSIDE:
        return None
    if fixed and found:
        found[0] = np.where(found[0] == OUTSIDE, OUTSIDE, found[0] + fixed)
    return tuple(found)


def _sum_of_singles(tables: Sequence[Table]) -> int:
    """What the axes of one element add; OUTSIDE where one of them is."""
    singles = [int(t[0]) for t in tables if len(t) == 1]
    return OUTSIDE if OUTSIDE in singles else sum(singles)


def _merged(a: Table, b: Table) -> Table:
    outside = (a == OUTSIDE)[:, None] | (b == OUTSIDE)[None, :]
    merged: Table = np.where(outside, OUTSIDE, a[:, None] + b[None, :]).reshape(-1)
    return merged


def _split(table: Table, count: int) -> tuple[Table, Table] | None:
    """A table as the sum of two, the first with ``count`` entries; neither has offsets below 0, which OUTSIDE is."""
    rows = table.reshape(count, -1)
    lines = (rows == OUTSIDE).all(axis=1)
    if not ((rows == OUTSIDE).any(axis=1) == lines).all():
        return None
    first = rows.min(axis=1)
    if lines.all():
        return first, np.zeros(rows.shape[1], np.int64)
    inside = rows[~lines]
    second = inside[0] - inside[0].min()
    return (first, second) if (inside == first[~lines, None] + second).all() else None


def _expanded(tables: tuple[Table, ...], shape: Shape) -> tuple[Table, ...]:
    missing = tuple(np.zeros(1, np.int64) for _ in range(len(shape) - len(tables)))
    return tuple(
        t if len(t) == count else np.repeat(t, count) for t, count in zip((*missing, *tables), shape, strict=True)
    )


def runs(table: Table) -> tuple[Run, ...]:
    """The table as arithmetic progressions; those of OUTSIDE have step 0."""
    found: list[Run] = []
    for value in table.tolist():
        if found:
            first, step, count = found[-1]
            outside = first == OUTSIDE
            if outside == (value == OUTSIDE) and (outside or count == 1 or value == first + step * count):
                found[-1] = (first, 0 if outside else step if count > 1 else value - first, count + 1)
                continue
        found.append((value, 0, 1))
    return tuple(found)


def expand_runs(pieces: Sequence[Run]) -> tuple[int, ...]:
    """What ``runs`` made shorter."""
    return tuple(OUTSIDE if first == OUTSIDE else first + i * step for first, step, n in pieces for i in range(n))


def joined(source: Sequence[Table], target: Sequence[Table]) -> tuple[list[Table], list[Table], int, int]:
    """The same move with as few axes as there can be: those of one element become an offset, neighbours that are one
    progression in the source and in the target become one. Source, target, and the offsets of the first element."""
    base_source, base_target = _sum_of_singles(source), _sum_of_singles(target)
    pairs = [(s, t) for s, t in zip(source, target, strict=True) if len(s) > 1]
    merged: list[tuple[Table, Table]] = []
    for s, t in pairs:
        if merged and all(_continues(a, b) for a, b in zip(merged[-1], (s, t), strict=True)):
            last = merged.pop()
            s, t = _merged(last[0], s), _merged(last[1], t)
        merged.append((s, t))
    return [s for s, _ in merged], [t for _, t in merged], base_source, base_target


def _continues(outer: Table, inner: Table) -> bool:
    """Whether two axes are one progression from 0 on, the inner one the faster."""
    if OUTSIDE in outer or OUTSIDE in inner or outer[0] or inner[0]:
        return False
    step = int(inner[1])
    return bool((np.diff(inner) == step).all() and (np.diff(outer) == step * len(inner)).all())
