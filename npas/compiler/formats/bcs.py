"""Blocked compressed storage: groups of R filters share a list of columns, groups with equal lists share it once.

An entry of a list covers D neighbouring channels at one kernel position, named by the first. Arrays: rows [groups R]
(the reorder; NO_FILTER fills the last group), list of each group, list starts, columns (the compact lists). An entry's
R D weights stand as ``Geometry.entry_order`` says. Source: GRIM's BCRC, which the NPAS family calls BCS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from npas.compiler.formats.base import Floats, Format, FormatName, Geometry, Ints, Packed

NO_FILTER = 0xFFFFFFFF


class Bcs(Format):
    name: ClassVar[FormatName] = "bcs"

    def takes(self, matrix: Floats, geometry: Geometry) -> bool:
        return True

    def pack(self, matrix: Floats, geometry: Geometry) -> Packed:
        rows, list_of, starts, columns, weights = [], [], [0], [], []
        known: dict[bytes, int] = {}
        entries, order = _entries(matrix, geometry), geometry.entry_order()
        # Several times as fast as ``any`` over an axis of one to four.
        filled = np.logical_or.reduce([entries[:, :, i] != 0 for i in range(geometry.depth)])
        for chunk in _chunks(matrix, geometry):
            kept = np.flatnonzero(filled[chunk].any(axis=0))
            absolute = _columns(kept, geometry) + geometry.first_column(int(chunk[0]))
            key = absolute.tobytes()
            if key not in known:
                known[key] = len(known)
                columns.append(absolute)
                starts.append(starts[-1] + len(absolute))
            list_of.append(known[key])
            rows.append(np.full(geometry.rows, NO_FILTER))
            rows[-1][: len(chunk)] = chunk
            block = np.zeros((len(kept), geometry.rows, geometry.depth), np.float32)
            block[:, : len(chunk)] = entries[np.ix_(chunk, kept)].transpose(1, 0, 2)
            weights.append(block.reshape(len(kept), order.size)[:, order].ravel())
        indices = (np.concatenate(rows), np.array(list_of), np.array(starts), np.concatenate(columns))
        return Packed(np.concatenate(weights), tuple(a.astype(np.int64) for a in indices))

    def unpack(self, packed: Packed, geometry: Geometry) -> Floats:
        rows, list_of, starts, columns = packed.indices
        matrix = np.zeros((geometry.filters, geometry.columns), np.float32)
        place, order = 0, geometry.entry_order()
        for chunk, list_ in zip(rows.reshape(-1, geometry.rows), list_of, strict=True):
            kept = columns[starts[list_] : starts[list_ + 1]]
            stored = packed.weights[place : place + len(kept) * order.size].reshape(-1, order.size)
            place += stored.size
            by_filter = np.empty_like(stored)
            by_filter[:, order] = stored
            block = by_filter.reshape(-1, geometry.rows, geometry.depth)
            filters = chunk[chunk != NO_FILTER]
            for i in range(geometry.depth):
                own = kept - geometry.first_column(int(filters[0])) + i * geometry.taps
                matrix[np.ix_(filters, own)] = block[:, : len(filters), i].T
        return matrix


def _entries(matrix: Floats, geometry: Geometry) -> Floats:
    """W [F, K] as [F, K / D, D]: the weights that an entry of a list may cover."""
    shape = (len(matrix), -1, geometry.depth, geometry.taps)
    return matrix.reshape(shape).transpose(0, 1, 3, 2).reshape(len(matrix), -1, geometry.depth)


def _columns(entries: Ints, geometry: Geometry) -> Ints:
    """The first column of each entry."""
    return entries // geometry.taps * geometry.depth * geometry.taps + entries % geometry.taps


def _chunks(matrix: Floats, geometry: Geometry) -> Iterator[Ints]:
    """Filters R at a time, never across groups; where order is free, filters of equal lists come together."""
    per_group = geometry.filters // geometry.groups
    for first in range(0, geometry.filters, per_group):
        filters = np.arange(first, first + per_group)
        order = _by_list(matrix, filters, geometry.rows) if geometry.reorder else filters
        for i in range(0, per_group, geometry.rows):
            yield order[i : i + geometry.rows]


def _by_list(matrix: Floats, filters: Ints, rows: int) -> Ints:
    """Whole chunks of filters with one list first, then what is left over, in order."""
    alike: dict[bytes, list[int]] = {}
    for f in filters:
        alike.setdefault((matrix[f] != 0).tobytes(), []).append(int(f))
    whole = [f for same in alike.values() for f in same[: len(same) // rows * rows]]
    chosen = set(whole)
    return np.array(whole + [int(f) for f in filters if f not in chosen], np.int64)
