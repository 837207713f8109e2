"""Where values lie in the one block of memory that a program allocates: values alive together never overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    """Offsets by value and the arena's length: largest first, each at the lowest gap among its contemporaries."""
    offsets: dict[int, int] = {}
    for value in sorted(lives, key=lambda v: (-lives[v].size, v)):
        life = lives[value]
        busy = sorted((offsets[v], offsets[v] + lives[v].size) for v in offsets if lives[v].overlaps(life))
        at = 0
        for begin, end in busy:
            if at + life.size <= begin:
                break
            at = max(at, end)
        offsets[value] = at
    return offsets, max((offsets[v] + lives[v].size for v in offsets), default=0)


def align(count: int) -> int:
    """``count`` rounded up to whole cache lines."""
    return -(-count // ALIGNMENT) * ALIGNMENT
