"""Where values lie in the one block of memory that a program allocates: values alive together never overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

TRIES = 16
"""Orders of values that are tried where the first one leaves gaps."""
ALIGNMENT = 16
"""Floats in a cache line."""


@dataclass(frozen=True, slots=True)
class Life:
    """Floats, and the first and last layer at which the value must be whole."""

    size: int
    first: int
    last: int

    def overlaps(self, other: Life) -> bool:
        return self.first <= other.last and other.first <= self.last


def place(lives: Mapping[int, Life]) -> tuple[dict[int, int], int]:
    """Offsets by value and the arena's length: largest first, each at the lowest gap among its contemporaries.

    Where that takes more than the values of some layer do, the value that lies highest goes first in another try (a
    squeaky wheel: Joslin and Clements, 1999), and the shortest arena is taken.
    """
    order = sorted(lives, key=lambda v: (-lives[v].size, v))
    least = _alive(lives)
    best, length = _placed(order, lives)
    found = best, length
    for _ in range(TRIES):
        offsets, end = found
        if length == least:
            break
        highest = next(v for v in order if offsets[v] + lives[v].size == end)
        order = [highest, *(v for v in order if v != highest)]
        found = _placed(order, lives)
        if found[1] < length:
            best, length = found
    return best, length


def _placed(order: Sequence[int], lives: Mapping[int, Life]) -> tuple[dict[int, int], int]:
    offsets: dict[int, int] = {}
    for value in order:
        life = lives[value]
        busy = sorted((at, at + lives[v].size) for v, at in offsets.items() if lives[v].overlaps(life))
        at = 0
        for begin, end in busy:
            if at + life.size <= begin:
                break
            at = max(at, end)
        offsets[value] = at
    return offsets, max((offsets[v] + lives[v].size for v in offsets), default=0)


def _alive(lives: Mapping[int, Life]) -> int:
    """Floats of the values that are alive in one layer, at most."""
    changes: dict[int, int] = {}
    for life in lives.values():
        changes[life.first] = changes.get(life.first, 0) + life.size
        changes[life.last + 1] = changes.get(life.last + 1, 0) - life.size
    return max(accumulate(changes[layer] for layer in sorted(changes)), default=0)


def align(count: int) -> int:
    """``count`` rounded up to whole cache lines."""
    return -(-count // ALIGNMENT) * ALIGNMENT
